-- The cash book: what the business spends. Written once; a mistake is taken back by a row that names it, with the amount
-- below zero.
CREATE TABLE expense (
  id INTEGER PRIMARY KEY,
  -- The form that wrote it: sent twice, it is one expense.
  request_id TEXT NOT NULL UNIQUE,
  business_date DATE NOT NULL,
  category TEXT NOT NULL CHECK (category IN ('gaji', 'komisi', 'bandwidth', 'listrik', 'sewa', 'perangkat', 'perbaikan', 'transportasi', 'pajak', 'lain')),
  amount BIGINT NOT NULL CHECK (amount <> 0),
  method TEXT NOT NULL CHECK (method IN ('cash', 'transfer')),
  note TEXT NOT NULL,
  reverses BIGINT REFERENCES expense(id),
  who TEXT NOT NULL,
  staff_id BIGINT REFERENCES staff(id),
  at TIMESTAMPTZ NOT NULL,
  CHECK ((reverses IS NULL AND amount > 0) OR (reverses IS NOT NULL AND amount < 0))
);
CREATE UNIQUE INDEX expense_reverses ON expense (reverses) WHERE reverses IS NOT NULL;
CREATE INDEX expense_day ON expense (business_date, category, amount);

-- Reports. What came in is summed by day, way, receiver and service from the index alone.
DROP INDEX payment_received;
CREATE INDEX payment_received ON payment (received_on, method, received_by, amount, reversed_on, service_id);
-- Notes of credit and write-offs are few among the payments.
CREATE INDEX payment_lowering ON payment (method, received_on) WHERE method IN ('credit', 'write_off');
-- PPN goes by the day of issue.
CREATE INDEX invoice_issued ON invoice (issued_on);
CREATE INDEX invoice_line_tax ON invoice_line (invoice_id, amount) WHERE kind = 'tax' AND NOT void;
CREATE INDEX service_change_stopped ON service_change (from_on) WHERE kind = 'stop' AND state = 'done';

-- engine: rows that are written once are never changed nor deleted, whoever tries.
CREATE TRIGGER expense_stays BEFORE UPDATE ON expense BEGIN SELECT RAISE(ABORT, 'expense is append-only'); END;
CREATE TRIGGER expense_remains BEFORE DELETE ON expense BEGIN SELECT RAISE(ABORT, 'expense is append-only'); END;
