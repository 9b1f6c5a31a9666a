-- What holds for the whole file: "index" is JSON that tells what made its vectors.
CREATE TABLE store_setting (
    name TEXT NOT NULL PRIMARY KEY,
    value TEXT NOT NULL
) STRICT, WITHOUT ROWID;
