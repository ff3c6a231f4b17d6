-- The money core: whatever changes what a customer owes can be reversed by a row that names it. Notes of credit and
-- write-offs are payments of their own methods: they have a number, are laid over bills, and leave Saldo as money does,
-- but are no money.

-- Caches of what the ledger says: the day a payment was reversed; what of a bill was written off.
ALTER TABLE payment ADD COLUMN reversed_on DATE;
ALTER TABLE invoice ADD COLUMN written_off BIGINT NOT NULL DEFAULT 0 CHECK (written_off >= 0 AND written_off <= total);
-- The member of staff who wrote it down; who may take it back depends on that.
ALTER TABLE payment ADD COLUMN staff_id BIGINT REFERENCES staff(id);
-- The PPN in a note of credit, in rupiah.
ALTER TABLE payment ADD COLUMN tax BIGINT NOT NULL DEFAULT 0;

-- What takes a row back names it, and nothing is taken back twice.
ALTER TABLE allocation ADD COLUMN reverses BIGINT REFERENCES allocation(id);
CREATE UNIQUE INDEX allocation_reverses ON allocation (reverses) WHERE reverses IS NOT NULL;
CREATE UNIQUE INDEX ledger_entry_reverses ON ledger_entry (reverses) WHERE reverses IS NOT NULL;
CREATE INDEX ledger_entry_invoice ON ledger_entry (invoice_id) WHERE kind = 'issue';
CREATE INDEX ledger_entry_payment ON ledger_entry (payment_id) WHERE payment_id IS NOT NULL;
CREATE INDEX ledger_entry_rare ON ledger_entry (business_date, kind) WHERE kind IN ('credit', 'refund', 'void', 'write_off', 'reversal');

-- Saldo given back to the customer.
CREATE TABLE refund (
  id INTEGER PRIMARY KEY,
  number TEXT NOT NULL UNIQUE,
  request_id TEXT NOT NULL UNIQUE,
  customer_id BIGINT NOT NULL REFERENCES customer(id),
  service_id BIGINT NOT NULL REFERENCES service(id),
  amount BIGINT NOT NULL CHECK (amount > 0),
  method TEXT NOT NULL CHECK (method IN ('cash', 'transfer')),
  bag_id BIGINT REFERENCES cash_bag(id),
  reference TEXT NOT NULL,
  reason TEXT NOT NULL,
  business_date DATE NOT NULL,
  who TEXT NOT NULL,
  staff_id BIGINT REFERENCES staff(id),
  at TIMESTAMPTZ NOT NULL
);
CREATE INDEX refund_customer ON refund (customer_id);
CREATE INDEX refund_day ON refund (business_date);
-- From which payments' Saldo it came.
CREATE TABLE refund_part (
  refund_id BIGINT NOT NULL REFERENCES refund(id),
  payment_id BIGINT NOT NULL REFERENCES payment(id),
  amount BIGINT NOT NULL CHECK (amount > 0),
  PRIMARY KEY (refund_id, payment_id)
);
CREATE INDEX refund_part_payment ON refund_part (payment_id);
ALTER TABLE bag_entry ADD COLUMN refund_id BIGINT REFERENCES refund(id);
CREATE UNIQUE INDEX bag_entry_refund ON bag_entry (refund_id) WHERE refund_id IS NOT NULL;
CREATE UNIQUE INDEX bag_entry_reversal ON bag_entry (payment_id) WHERE kind = 'reversal';

-- engine: more kinds. SQLite changes a CHECK only by its text, as its own documentation of ALTER TABLE describes it.
PRAGMA writable_schema = ON;
UPDATE sqlite_schema SET sql = REPLACE(sql, 'method IN (''cash'', ''transfer'', ''gateway'', ''opening'')', 'method IN (''cash'', ''transfer'', ''gateway'', ''opening'', ''credit'', ''write_off'')') WHERE type = 'table' AND name = 'payment';
UPDATE sqlite_schema SET sql = REPLACE(sql, 'amount BIGINT NOT NULL CHECK (amount > 0)', 'amount BIGINT NOT NULL CHECK (amount <> 0)') WHERE type = 'table' AND name = 'allocation';
UPDATE sqlite_schema SET sql = REPLACE(sql, 'kind IN (''cash'', ''handover'', ''difference'', ''refused'')', 'kind IN (''cash'', ''handover'', ''difference'', ''refused'', ''reversal'', ''refund'')') WHERE type = 'table' AND name = 'bag_entry';
PRAGMA writable_schema = RESET;
