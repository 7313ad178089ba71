-- One search over everything that a pack says: the documents as they are shown, their words folded (title, line
-- break, body), the same words with their accents, and the index of the folded ones.
CREATE TABLE search_documents (
    id INTEGER PRIMARY KEY,
    kind TEXT NOT NULL,
    slug TEXT NOT NULL,
    lang TEXT NOT NULL,
    title TEXT NOT NULL,
    body TEXT NOT NULL,
    folded TEXT NOT NULL,
    spelt TEXT NOT NULL,
    UNIQUE (kind, slug, lang)
) STRICT;

CREATE VIRTUAL TABLE search_words USING fts5(
    title, body, content = '', tokenize = "unicode61 remove_diacritics 0"
);
