-- What an installation of the first release may have stored: every table has rows. Days lie apart, so that what is
-- partitioned later is moved to several partitions.

INSERT INTO aiwire.outlet (slug, name, homepage, language, policy, active, definition, changed_at) VALUES
    ('example', 'Example', 'https://news.example', 'en', 'scrape', true,
     '{"name": "Example", "country": "US", "timezone": "America/New_York"}', '2026-01-05 09:00Z'),
    ('esempio', 'Esempio', 'https://esempio.example', 'it', 'scrape', true, '{"name": "Esempio"}', '2026-01-05 09:00Z'),
    ('beispiel', 'Beispiel', 'https://beispiel.example', 'de', 'discovery-only', false, '{"name": "Beispiel"}', '2026-01-05 09:00Z');

INSERT INTO aiwire.host (name, next_request_at, hold_until, hold_reason, failures, queued_at, robots, robots_status, robots_until) VALUES
    ('news.example', '2026-03-02 10:00:01Z', NULL, NULL, 0, NULL, '{"allow": ["/"]}', 'ok', '2026-03-03 10:00Z'),
    ('esempio.example', NULL, '2026-03-02 12:00Z', '429', 2, '2026-03-02 10:00Z', NULL, 'missing', '2026-03-03 10:00Z'),
    ('beispiel.example', NULL, NULL, NULL, 0, NULL, NULL, NULL, NULL);

INSERT INTO aiwire.source (outlet, kind, url, host, active, next_poll_at, last_poll_at, last_answer_at, last_new_at, etag,
    last_modified, state, failures, error_code, error_message, entries_seen) VALUES
    ('example', 'feed', 'https://news.example/feed', 'news.example', true, '2026-03-02 10:05Z', '2026-03-02 10:00Z',
     '2026-03-02 10:00Z', '2026-03-02 09:00Z', '"v7"', 'Mon, 02 Mar 2026 09:00:00 GMT', 'ok', 0, NULL, NULL, 20),
    ('esempio', 'news-sitemap', 'https://esempio.example/news.xml', 'esempio.example', true, '2026-03-02 12:00Z',
     '2026-03-02 10:00Z', '2026-03-01 10:00Z', NULL, NULL, NULL, 'unreachable', 2, 'http_429', 'Too Many Requests', 3),
    ('beispiel', 'listing', 'https://beispiel.example/ki', 'beispiel.example', false, '2026-01-05 09:00Z', NULL, NULL, NULL,
     NULL, NULL, 'new', 0, NULL, NULL, NULL);

-- Two that were changed twice, in January and in February; one whose page was read anew and changed in one transaction;
-- and one that never was.
INSERT INTO aiwire.article (id, outlet, url, revision, content_hash, first_seen_at, changed_at) VALUES
    ('0a000000-0000-5000-8000-000000000001', 'example', 'https://news.example/qwen', 3, '\x13', '2026-01-10 08:00:00.123456Z', '2026-02-11 08:00:00.654321Z'),
    ('0a000000-0000-5000-8000-000000000002', 'esempio', 'https://esempio.example/nuovo-nome', 3, '\x23', '2026-01-31 23:59:59.999999Z', '2026-02-01 00:00:00Z'),
    ('0a000000-0000-5000-8000-000000000003', 'example', 'https://news.example/one', 1, '\x31', '2026-03-01 00:00:00Z', '2026-03-01 00:00:00Z');

INSERT INTO aiwire.article_url (outlet, kind, value, article_id) VALUES
    ('example', 'url', 'news.example/qwen', '0a000000-0000-5000-8000-000000000001'),
    ('example', 'guid', 'tag:news.example,2026:1', '0a000000-0000-5000-8000-000000000001'),
    ('esempio', 'url', 'esempio.example/nome', '0a000000-0000-5000-8000-000000000002'),
    ('esempio', 'url', 'esempio.example/nuovo-nome', '0a000000-0000-5000-8000-000000000002'),
    ('example', 'url', 'news.example/one', '0a000000-0000-5000-8000-000000000003');

INSERT INTO aiwire.revision (article_id, number, reason, changed, title, standfirst, byline, authors, published_at,
    published_precision, published, modified_at, modified_precision, modified, language, section, image, paywalled, text,
    relevant, relevance_score, relevance_why, provenance, content_hash, capture_sha256, seen_at) VALUES
    ('0a000000-0000-5000-8000-000000000001', 1, 'first', '{}', 'Qwen three', 'A model.', 'By Ada Rossi', '{Ada Rossi}',
     '2026-01-10 05:00Z', 'day', '2026-01-10', NULL, NULL, NULL, 'en', 'AI', 'https://news.example/a.jpg', false,
     E'Alibaba released Qwen 3.\nBloomberg said so.', true, 0.9, '{qwen}', '{"title": {"origin": "heading"}}', '\x11', '\xc1',
     '2026-01-10 08:00:00.123456Z'),
    ('0a000000-0000-5000-8000-000000000001', 2, 'publisher_edit', '{title}', 'Qwen 3', 'A model.', 'By Ada Rossi', '{Ada Rossi}',
     '2026-01-10 05:00Z', 'day', '2026-01-10', '2026-01-20 09:30Z', 'minute', '2026-01-20T04:30-05:00', 'en', 'AI', NULL, false,
     E'Alibaba released Qwen 3.\nBloomberg said so.', true, 0.9, '{qwen}', '{"title": {"origin": "heading"}}', '\x12', '\xc2',
     '2026-01-20 10:00Z'),
    ('0a000000-0000-5000-8000-000000000001', 3, 'publisher_edit', '{text,authors}', 'Qwen 3', NULL, NULL, '{}',
     NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, true,
     E'Alibaba released Qwen 3 \U0001F999 — «today».\nBloomberg said so.', true, 0.9, '{qwen}', '{}', '\x13', '\xc3',
     '2026-02-11 08:00:00.654321Z'),
    ('0a000000-0000-5000-8000-000000000002', 1, 'first', '{}', 'Nome', NULL, NULL, '{}', '2026-01-31 10:00Z', 'second',
     '2026-01-31T11:00:00+01:00', NULL, NULL, NULL, 'it', NULL, NULL, false, 'Testo. Leggi anche.', false, 0.1, '{}', '{}', '\x21',
     '\xd1', '2026-01-31 23:59:59.999999Z'),
    ('0a000000-0000-5000-8000-000000000002', 2, 're_extraction', '{text}', 'Nome', NULL, NULL, '{}', '2026-01-31 10:00Z', 'second',
     '2026-01-31T11:00:00+01:00', NULL, NULL, NULL, 'it', NULL, NULL, false, 'Testo.', false, 0.1, '{}', '{}', '\x22',
     '\xd1', '2026-02-01 00:00:00Z'),
    ('0a000000-0000-5000-8000-000000000002', 3, 'publisher_edit', '{title}', 'Nuovo nome', NULL, NULL, '{}', '2026-01-31 10:00Z', 'second',
     '2026-01-31T11:00:00+01:00', NULL, NULL, NULL, 'it', NULL, NULL, false, 'Testo.', false, 0.1, '{}', '{}', '\x23',
     '\xd2', '2026-02-01 00:00:00Z'),
    ('0a000000-0000-5000-8000-000000000003', 1, 'first', '{}', 'One', NULL, NULL, '{}', '2026-02-28 23:00Z', 'minute',
     '2026-02-28T18:00-05:00', NULL, NULL, NULL, 'en', NULL, NULL, false, 'Text.', true, 0.5, '{}', '{}', '\x31', '\xe1', '2026-03-01 00:00:00Z');

INSERT INTO aiwire.removed_block (article_id, revision, ordinal, position, text, reason, rule) VALUES
    ('0a000000-0000-5000-8000-000000000001', 1, 0, 3, 'Share this', 'share', 'share-words'),
    ('0a000000-0000-5000-8000-000000000001', 1, 1, 9, 'Subscribe to our newsletter', 'newsletter', 'newsletter-words'),
    ('0a000000-0000-5000-8000-000000000001', 2, 0, 3, 'Share this', 'share', 'share-words'),
    ('0a000000-0000-5000-8000-000000000001', 3, 0, 3, 'Share this', 'share', 'share-words'),
    ('0a000000-0000-5000-8000-000000000002', 2, 0, 1, 'Leggi anche.', 'related', 'related-words');

INSERT INTO aiwire.attribution (article_id, revision, ordinal, credited, form, evidence, confidence) VALUES
    ('0a000000-0000-5000-8000-000000000001', 1, 0, 'Bloomberg', 'told', 'Bloomberg said so.', 0.9),
    ('0a000000-0000-5000-8000-000000000001', 3, 0, 'Bloomberg', 'told', 'Bloomberg said so.', 0.9),
    ('0a000000-0000-5000-8000-000000000001', 3, 1, 'Reuters', 'according_to', 'According to Reuters.', 0.8);

INSERT INTO aiwire.entry (outlet, host, url, url_key, title, summary, published, modified, guid, discovered_at, state, due_at,
    attempts, looks, etag, last_modified, disposition, reason, message, article_id, settled_at) VALUES
    ('example', 'news.example', 'https://news.example/qwen', 'news.example/qwen', 'Qwen 3', 'A model.', '{"value": "2026-01-10"}',
     NULL, 'tag:news.example,2026:1', '2026-01-10 07:59Z', 'settled', '2026-03-10 08:00Z', 0, 2, '"p3"', NULL, 'stored', NULL,
     NULL, '0a000000-0000-5000-8000-000000000001', '2026-02-11 08:00Z'),
    ('esempio', 'esempio.example', 'https://esempio.example/nome', 'esempio.example/nome', NULL, NULL, NULL, NULL, NULL,
     '2026-01-31 23:00Z', 'settled', NULL, 0, 3, NULL, NULL, 'stored', NULL, NULL, '0a000000-0000-5000-8000-000000000002', '2026-02-01 00:00Z'),
    ('example', 'news.example', 'https://news.example/one', 'news.example/one', 'One', NULL, NULL, NULL, NULL,
     '2026-03-01 00:00Z', 'settled', NULL, 0, 0, NULL, NULL, 'stored', NULL, NULL, '0a000000-0000-5000-8000-000000000003', '2026-03-01 00:00Z'),
    ('example', 'news.example', 'https://news.example/waits', 'news.example/waits', 'Waits', NULL, NULL, NULL, NULL,
     '2026-03-02 09:00Z', 'captured', '2026-03-02 10:00Z', 1, 0, NULL, NULL, NULL, NULL, NULL, NULL, NULL),
    ('example', 'news.example', 'https://news.example/next', 'news.example/next', 'Next', NULL, NULL, NULL, NULL,
     '2026-03-02 10:00Z', 'pending', '2026-03-02 10:00Z', 0, 0, NULL, NULL, NULL, NULL, NULL, NULL, NULL),
    ('example', 'news.example', 'https://news.example/gone', 'news.example/gone', 'Gone', NULL, NULL, NULL, NULL,
     '2026-02-02 10:00Z', 'settled', NULL, 1, 0, NULL, NULL, 'gone', 'http_404', 'Not Found', NULL, '2026-02-02 10:00Z'),
    ('esempio', 'esempio.example', 'https://esempio.example/video', 'esempio.example/video', 'Video', NULL, NULL, NULL, NULL,
     '2026-02-02 10:00Z', 'settled', NULL, 1, 0, NULL, NULL, 'not_article', 'video_stub', 'a video', NULL, '2026-02-02 10:00Z');

INSERT INTO aiwire.claim (source_id, entry_id, fingerprint, seen_at)
SELECT s.id, e.id, '\xf1', e.discovered_at FROM aiwire.source s JOIN aiwire.entry e ON e.outlet = s.outlet;

INSERT INTO aiwire.capture (entry_id, url, status, headers, body, size, sha256, captured_at)
SELECT e.id, e.url, 200, '{"content-type": "text/html"}', c.body::bytea, c.size, c.sha256::bytea, c.captured_at::timestamptz
FROM (VALUES ('news.example/qwen', '\xb1', 1000, '\xc1', '2026-01-10 08:00Z'), ('news.example/qwen', '\xb2', 1001, '\xc2', '2026-01-20 10:00Z'),
             ('news.example/qwen', '\xb3', 1002, '\xc3', '2026-02-11 08:00Z'), ('esempio.example/nome', '\xb4', 900, '\xd1', '2026-01-31 23:59:59.9Z'),
             ('esempio.example/nome', '\xb5', 901, '\xd2', '2026-02-01 00:00Z'), ('news.example/one', '\xb6', 800, '\xe1', '2026-03-01 00:00Z'),
             ('news.example/waits', '\xb7', 700, '\xe2', '2026-03-02 09:30Z'), ('esempio.example/video', '\xb8', 600, '\xe3', '2026-02-02 10:00Z'))
     AS c (url_key, body, size, sha256, captured_at) JOIN aiwire.entry e ON e.url_key = c.url_key;
UPDATE aiwire.entry e SET capture_id = c.id FROM aiwire.capture c WHERE c.entry_id = e.id AND e.url_key IN ('news.example/waits', 'news.example/one');

INSERT INTO aiwire.run (host, started_at, ended_at, outcome, polls, fetched, stored, failed, message) VALUES
    ('news.example', '2026-03-02 09:59Z', '2026-03-02 10:00Z', 'ok', 1, 2, 1, 0, NULL),
    ('esempio.example', '2026-03-02 09:59Z', '2026-03-02 10:00Z', 'on_hold', 1, 0, 0, 1, 'Too Many Requests');

INSERT INTO aiwire.heartbeat (role, process, leads, started_at, beat_at) VALUES
    ('scheduler', 'old:1', true, '2026-03-01 00:00Z', '2026-03-02 10:00Z'), ('worker', 'old:2', false, '2026-03-01 00:00Z', '2026-03-02 10:00Z');

SET LOCAL search_path TO aiwire_queue;
INSERT INTO procrastinate_jobs (queue_name, task_name, args) VALUES ('visits', 'visit', '{"hosts": ["news.example"]}');
