-- What an installation of the second release may have stored besides.

UPDATE aiwire.revision SET rights = 'https://creativecommons.org/licenses/by/4.0/', markdown = '# Qwen 3', second_opinion = true, rules = '\xaa'
WHERE article_id = '0a000000-0000-5000-8000-000000000001' AND number = 3;

INSERT INTO aiwire.block_sighting (outlet, fingerprint, sample, weight, articles, heads, tails, first_place, last_place, first_seen_at,
    last_seen_at, stored_in, learned_at) VALUES
    ('example', '\x0000000000000001', 'Sign up for more', 4, 3, 0, 3, 1, 3, '2026-01-10 08:00Z', '2026-03-01 00:00Z',
     '{0a000000-0000-5000-8000-000000000001,0a000000-0000-5000-8000-000000000003}', '2026-03-01 00:00Z'),
    ('example', '\x0000000000000002', '', 4, 1, 1, 0, 2, 2, '2026-01-20 10:00Z', '2026-01-20 10:00Z', '{}', NULL);

INSERT INTO aiwire.outlet_extraction (outlet, articles, drifted_at, drifted_after, evidence) VALUES
    ('example', 3, NULL, NULL, '{}'), ('esempio', 40, '2026-02-20 00:00Z', 12, '{"text length: 300 of 4000"}');

INSERT INTO aiwire.page_figure (entry_id, outlet, read, length, title, standfirst, authors, published, removed_share, second_opinion)
SELECT id, outlet, disposition = 'stored', 4000, true, false, true, true, 0.2, false
FROM aiwire.entry WHERE disposition IN ('stored', 'not_article') ORDER BY id;

INSERT INTO aiwire.re_extraction (article_id, host, due_at, attempts) VALUES
    ('0a000000-0000-5000-8000-000000000003', 'news.example', '2026-03-02 10:00Z', 1);

INSERT INTO aiwire.reprocess (outlet, since, rules, after_article, after_entry, pages, changed, started_at, finished_at) VALUES
    ('example', NULL, '\xaa', '0a000000-0000-5000-8000-000000000001', 2, 5, 1, '2026-03-01 00:00Z', NULL),
    ('esempio', '2026-02-01 00:00Z', '\xaa', 'ffffffff-ffff-ffff-ffff-ffffffffffff', 9, 7, 0, '2026-03-01 00:00Z', '2026-03-01 00:10Z');

-- One more, by this release.
INSERT INTO aiwire.article (id, outlet, url, revision, content_hash, first_seen_at, changed_at) VALUES
    ('0a000000-0000-5000-8000-000000000004', 'esempio', 'https://esempio.example/due', 2, '\x42', '2026-03-02 08:00Z', '2026-03-02 09:00Z');
INSERT INTO aiwire.revision (article_id, number, reason, changed, title, authors, paywalled, text, relevant, relevance_score,
    relevance_why, provenance, content_hash, capture_sha256, seen_at, rules) VALUES
    ('0a000000-0000-5000-8000-000000000004', 1, 'first', '{}', 'Due', '{}', false, 'Testo.', true, 1, '{}', '{}', '\x41', '\xe5', '2026-03-02 08:00Z', '\xaa'),
    ('0a000000-0000-5000-8000-000000000004', 2, 'publisher_edit', '{text}', 'Due', '{}', false, 'Testo nuovo.', true, 1, '{}', '{}', '\x42', '\xe6',
     '2026-03-02 09:00Z', '\xaa');
