-- The money core: whatever changes what a customer owes can be reversed by a row that names it. Notes of credit and
-- write-offs are payments of their own methods: they have a number, are laid over bills, and leave Saldo as money does,
-- but are no money.

-- Caches of what the ledger says: the day a payment was reversed; what of a bill was written off.
ALTER TABLE payment ADD COLUMN reversed_on DATE;
ALTER TABLE invoice ADD COLUMN written_off BIGINT NOT NULL DEFAULT 0 CHECK (written_off >= 0 AND written_off <= total);
-- The member of staff who wrote it down; who may take it back depends on that.
ALTER TABLE payment ADD COLUMN staff_id BIGINT REFERENCES staff(id);

-- What takes a row back names it, and nothing is taken back twice.
ALTER TABLE allocation ADD COLUMN reverses BIGINT REFERENCES allocation(id);
CREATE UNIQUE INDEX allocation_reverses ON allocation (reverses) WHERE reverses IS NOT NULL;
CREATE UNIQUE INDEX ledger_entry_reverses ON ledger_entry (reverses) WHERE reverses IS NOT NULL;
CREATE INDEX ledger_entry_invoice ON ledger_entry (invoice_id) WHERE kind = 'issue';
CREATE INDEX ledger_entry_payment ON ledger_entry (payment_id) WHERE payment_id IS NOT NULL;
CREATE INDEX ledger_entry_rare ON ledger_entry (business_date, kind) WHERE kind IN ('credit', 'refund', 'void', 'write_off', 'reversal');

-- Sums of what came in leave out what was taken back, from the index alone.
DROP INDEX payment_received;
CREATE INDEX payment_received ON payment (received_on, method, received_by, amount, reversed_on);
DROP INDEX payment_service;
CREATE INDEX payment_service ON payment (service_id, received_on, method, received_by, amount, reversed_on);
CREATE INDEX payment_reversed ON payment (reversed_on, method, amount) WHERE reversed_on IS NOT NULL;

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

-- PPN by date of issue: hundredths of a percent of so much of the price.
CREATE TABLE tax_rate (
  valid_from DATE NOT NULL PRIMARY KEY,
  rate BIGINT NOT NULL CHECK (rate BETWEEN 0 AND 10000),
  base_num BIGINT NOT NULL CHECK (base_num > 0),
  base_den BIGINT NOT NULL CHECK (base_den >= base_num)
);
INSERT INTO tax_rate (valid_from, rate, base_num, base_den) VALUES ('2010-01-01', 1000, 1, 1), ('2022-04-01', 1100, 1, 1), ('2025-01-01', 1200, 11, 12);

-- A price of its own for one service, from a day on: before the package's. -1 is the package's again.
CREATE TABLE service_price (
  id INTEGER PRIMARY KEY,
  service_id BIGINT NOT NULL REFERENCES service(id),
  price BIGINT NOT NULL CHECK (price >= -1),
  valid_from DATE NOT NULL,
  who TEXT NOT NULL,
  created_at TIMESTAMPTZ NOT NULL,
  UNIQUE (service_id, valid_from)
);

-- Rented beside the package, month by month, from one month to another ('' is without end).
CREATE TABLE service_addon (
  id INTEGER PRIMARY KEY,
  service_id BIGINT NOT NULL REFERENCES service(id),
  text TEXT NOT NULL,
  amount BIGINT NOT NULL CHECK (amount > 0),
  from_period TEXT NOT NULL,
  until_period TEXT NOT NULL,
  request_id TEXT NOT NULL UNIQUE,
  who TEXT NOT NULL,
  created_at TIMESTAMPTZ NOT NULL
);
CREATE INDEX service_addon_service ON service_addon (service_id);

-- Last month in which the standing discount holds; '' is without end.
ALTER TABLE service ADD COLUMN discount_until TEXT NOT NULL DEFAULT '';

-- A run prices alike what is alike: package, start, discount, own price, what is rented.
ALTER TABLE issue_price ADD COLUMN own_price BIGINT NOT NULL DEFAULT -1;
ALTER TABLE issue_price ADD COLUMN add_ons TEXT NOT NULL DEFAULT '';
CREATE TABLE issue_extra (
  run_id BIGINT NOT NULL REFERENCES issue_run(id),
  service_id BIGINT NOT NULL,
  own_price BIGINT NOT NULL,
  add_ons TEXT NOT NULL,
  PRIMARY KEY (run_id, service_id)
);

-- What a note of credit is made of; the amounts are negative and sum to what it takes off.
CREATE TABLE credit_line (
  id INTEGER PRIMARY KEY,
  payment_id BIGINT NOT NULL REFERENCES payment(id),
  period TEXT NOT NULL,
  kind TEXT NOT NULL CHECK (kind IN ('adjustment', 'discount', 'tax')),
  amount BIGINT NOT NULL,
  text TEXT NOT NULL,
  derivation TEXT NOT NULL
);
CREATE INDEX credit_line_payment ON credit_line (payment_id);

-- Last month of a pause.
ALTER TABLE service_change ADD COLUMN until_period TEXT NOT NULL DEFAULT '';

-- Who is not cut although he owes: a promise to pay (Janji Bayar), a hold by the staff. The days are inclusive.
CREATE TABLE access_hold (
  id INTEGER PRIMARY KEY,
  service_id BIGINT NOT NULL REFERENCES service(id),
  kind TEXT NOT NULL CHECK (kind IN ('promise', 'hold')),
  from_on DATE NOT NULL,
  until_on DATE NOT NULL,
  reason TEXT NOT NULL,
  state TEXT NOT NULL CHECK (state IN ('open', 'kept', 'broken', 'ended')),
  who TEXT NOT NULL,
  staff_id BIGINT REFERENCES staff(id),
  created_at TIMESTAMPTZ NOT NULL,
  ended_at TIMESTAMPTZ,
  CHECK (until_on >= from_on)
);
CREATE UNIQUE INDEX access_hold_open ON access_hold (service_id, kind) WHERE state = 'open';
CREATE INDEX access_hold_service ON access_hold (service_id, kind, created_at);

-- engine: more kinds. SQLite changes a CHECK only by its text, as its own documentation of ALTER TABLE describes it.
PRAGMA writable_schema = ON;
UPDATE sqlite_schema SET sql = REPLACE(sql, 'method IN (''cash'', ''transfer'', ''gateway'', ''opening'')', 'method IN (''cash'', ''transfer'', ''gateway'', ''opening'', ''credit'', ''write_off'')') WHERE type = 'table' AND name = 'payment';
UPDATE sqlite_schema SET sql = REPLACE(sql, 'amount BIGINT NOT NULL CHECK (amount > 0)', 'amount BIGINT NOT NULL CHECK (amount <> 0)') WHERE type = 'table' AND name = 'allocation';
UPDATE sqlite_schema SET sql = REPLACE(sql, 'kind IN (''cash'', ''handover'', ''difference'', ''refused'')', 'kind IN (''cash'', ''handover'', ''difference'', ''refused'', ''reversal'', ''refund'')') WHERE type = 'table' AND name = 'bag_entry';
UPDATE sqlite_schema SET sql = REPLACE(sql, 'kind IN (''stop'', ''package'')', 'kind IN (''stop'', ''package'', ''pause'', ''resume'')') WHERE type = 'table' AND name = 'service_change';
PRAGMA writable_schema = RESET;
