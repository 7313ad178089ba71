-- Tables that a copy of the database leaves out: what is not given yet, and must be gone once it is sealed.
CREATE TABLE left_out_of_copies (
    name TEXT PRIMARY KEY
) STRICT, WITHOUT ROWID;

INSERT INTO left_out_of_copies VALUES ('drafts');
