-- Dozens of sightings come with each article, and outlets are never deleted: to look each one's outlet up took as long as to write it.
ALTER TABLE aiwire.block_sighting DROP CONSTRAINT block_sighting_outlet_fkey;
