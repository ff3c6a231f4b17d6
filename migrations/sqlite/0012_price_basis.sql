-- What a bill, or a note of credit, was priced from: `verify --deep` derives its lines again. Equal ones share a row.
CREATE TABLE price_basis (
  id INTEGER PRIMARY KEY,
  -- SHA-256 of the text, in hex.
  digest TEXT NOT NULL UNIQUE,
  -- `billing::pricing::Basis` as JSON.
  input TEXT NOT NULL
);
ALTER TABLE invoice ADD COLUMN basis_id BIGINT REFERENCES price_basis(id);
ALTER TABLE payment ADD COLUMN basis_id BIGINT REFERENCES price_basis(id);
ALTER TABLE issue_price ADD COLUMN basis_id BIGINT REFERENCES price_basis(id);
