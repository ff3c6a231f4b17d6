-- The spine. Money is BIGINT rupiah, instants are UTC, dates are business days, periods are 'YYYY-MM'.
-- The same file stands under migrations/postgres with other words for the id; a test compares the two.

CREATE TABLE setting (
  key TEXT NOT NULL PRIMARY KEY,
  value TEXT NOT NULL,
  sealed BOOLEAN NOT NULL,
  updated_at TIMESTAMPTZ NOT NULL
);

CREATE TABLE package (
  id INTEGER PRIMARY KEY,
  name TEXT NOT NULL UNIQUE,
  profile TEXT NOT NULL,
  down_kbps BIGINT NOT NULL,
  up_kbps BIGINT NOT NULL,
  duration_months BIGINT NOT NULL CHECK (duration_months IN (1, 3, 6, 12)),
  created_at TIMESTAMPTZ NOT NULL
);

CREATE TABLE package_price (
  id INTEGER PRIMARY KEY,
  package_id BIGINT NOT NULL REFERENCES package(id),
  price BIGINT NOT NULL CHECK (price >= 0),
  valid_from DATE NOT NULL,
  UNIQUE (package_id, valid_from)
);

CREATE TABLE router (
  id INTEGER PRIMARY KEY,
  name TEXT NOT NULL UNIQUE,
  host TEXT NOT NULL,
  port BIGINT NOT NULL CHECK (port BETWEEN 1 AND 65535),
  username TEXT NOT NULL,
  password_sealed TEXT NOT NULL,
  isolir_profile TEXT NOT NULL,
  strategy TEXT NOT NULL CHECK (strategy IN ('profile')),
  tls TEXT NOT NULL CHECK (tls IN ('off', 'any', 'pin')),
  tls_pin TEXT NOT NULL,
  state TEXT NOT NULL CHECK (state IN ('unknown', 'up', 'down')),
  state_since TIMESTAMPTZ,
  last_read_at TIMESTAMPTZ,
  last_problem TEXT NOT NULL,
  failures BIGINT NOT NULL,
  created_at TIMESTAMPTZ NOT NULL
);

CREATE TABLE customer (
  id INTEGER PRIMARY KEY,
  number TEXT UNIQUE,
  name TEXT NOT NULL,
  name_search TEXT NOT NULL,
  phone TEXT NOT NULL,
  email TEXT NOT NULL,
  address TEXT NOT NULL,
  portal_password_hash TEXT NOT NULL,
  -- Written first in every money transaction of this payer: the lock that makes two of them take turns.
  money_turn BIGINT NOT NULL,
  created_at TIMESTAMPTZ NOT NULL
);
CREATE INDEX customer_phone ON customer (phone);
CREATE INDEX customer_name ON customer (name_search);

CREATE TABLE service (
  id INTEGER PRIMARY KEY,
  customer_id BIGINT NOT NULL REFERENCES customer(id),
  service_number TEXT NOT NULL UNIQUE,
  slug TEXT NOT NULL UNIQUE,
  package_id BIGINT NOT NULL REFERENCES package(id),
  router_id BIGINT REFERENCES router(id),
  pppoe_username TEXT NOT NULL,
  pppoe_password_sealed TEXT NOT NULL,
  area TEXT NOT NULL,
  collector TEXT NOT NULL,
  started_on DATE NOT NULL,
  due_day BIGINT NOT NULL CHECK (due_day BETWEEN 1 AND 31),
  stage TEXT NOT NULL CHECK (stage IN ('calon', 'menunggu_pemasangan', 'aktif', 'cuti', 'siap_dicabut', 'berhenti')),
  -- Paid or billed elsewhere up to and with this month; '' when not.
  covered_until TEXT NOT NULL,
  discount_kind TEXT NOT NULL CHECK (discount_kind IN ('none', 'percent', 'amount')),
  discount_value BIGINT NOT NULL,
  never_isolate TEXT NOT NULL,
  desired TEXT NOT NULL CHECK (desired IN ('normal', 'isolated', 'disabled', 'absent', 'as_is')),
  desired_since TIMESTAMPTZ NOT NULL,
  desired_reason TEXT NOT NULL,
  -- A cut by hand holds until a payment leaves nothing overdue; a restore by hand until the next daily run.
  manual TEXT NOT NULL CHECK (manual IN ('none', 'cut', 'restored')),
  isolated_on DATE,
  observed TEXT NOT NULL CHECK (observed IN ('unknown', 'normal', 'isolated', 'disabled', 'missing', 'other')),
  observed_profile TEXT NOT NULL,
  observed_at TIMESTAMPTZ,
  remembered_profile TEXT NOT NULL,
  disabled_by_us BOOLEAN NOT NULL,
  kick_wanted BOOLEAN NOT NULL,
  router_problem TEXT NOT NULL,
  created_at TIMESTAMPTZ NOT NULL
);
CREATE INDEX service_customer ON service (customer_id);
CREATE INDEX service_router ON service (router_id, pppoe_username);
-- The dashboard's counts read this alone.
CREATE INDEX service_stage ON service (stage, desired, observed);
CREATE INDEX service_unsettled ON service (router_id) WHERE desired <> observed;

CREATE TABLE counter (
  name TEXT NOT NULL PRIMARY KEY,
  n BIGINT NOT NULL
);

CREATE TABLE issue_run (
  id INTEGER PRIMARY KEY,
  period TEXT NOT NULL,
  scope TEXT NOT NULL CHECK (scope IN ('all', 'starters')),
  business_date DATE NOT NULL,
  notify BOOLEAN NOT NULL,
  state TEXT NOT NULL CHECK (state IN ('frozen', 'done')),
  position BIGINT NOT NULL,
  issued BIGINT NOT NULL,
  total BIGINT NOT NULL,
  started_at TIMESTAMPTZ NOT NULL,
  finished_at TIMESTAMPTZ
);
CREATE UNIQUE INDEX issue_run_open ON issue_run (period) WHERE state = 'frozen';
CREATE INDEX issue_run_period ON issue_run (period);

-- One row for each distinct way to price a service in a run; the pricing rule is asked once for each.
CREATE TABLE issue_price (
  id INTEGER PRIMARY KEY,
  run_id BIGINT NOT NULL REFERENCES issue_run(id),
  package_id BIGINT NOT NULL,
  started_on DATE NOT NULL,
  discount_kind TEXT NOT NULL,
  discount_value BIGINT NOT NULL,
  skip TEXT NOT NULL,
  -- Months that it bills: 1 is the run's own.
  months BIGINT NOT NULL,
  total BIGINT NOT NULL
);
CREATE INDEX issue_price_run ON issue_price (run_id, package_id, started_on, discount_kind, discount_value);

CREATE TABLE issue_price_line (
  id INTEGER PRIMARY KEY,
  price_id BIGINT NOT NULL REFERENCES issue_price(id),
  kind TEXT NOT NULL,
  period TEXT NOT NULL,
  amount BIGINT NOT NULL,
  text TEXT NOT NULL,
  derivation TEXT NOT NULL
);
CREATE INDEX issue_price_line_price ON issue_price_line (price_id);

-- The due dates of a run, by due day; a service's first bill has its own.
CREATE TABLE issue_due (
  run_id BIGINT NOT NULL REFERENCES issue_run(id),
  due_day BIGINT NOT NULL,
  due_on DATE NOT NULL,
  first_due_on DATE NOT NULL,
  PRIMARY KEY (run_id, due_day)
);

CREATE TABLE issue_candidate (
  run_id BIGINT NOT NULL REFERENCES issue_run(id),
  position BIGINT NOT NULL,
  service_id BIGINT NOT NULL,
  price_id BIGINT NOT NULL,
  due_on DATE NOT NULL,
  PRIMARY KEY (run_id, position)
);

CREATE TABLE invoice (
  id INTEGER PRIMARY KEY,
  number TEXT NOT NULL UNIQUE,
  customer_id BIGINT NOT NULL REFERENCES customer(id),
  service_id BIGINT NOT NULL REFERENCES service(id),
  period TEXT NOT NULL,
  kind TEXT NOT NULL CHECK (kind IN ('regular', 'opening', 'adjustment', 'charge')),
  issued_on DATE NOT NULL,
  due_on DATE NOT NULL,
  total BIGINT NOT NULL CHECK (total > 0),
  -- Caches of what the allocations say; `verify` compares.
  paid BIGINT NOT NULL CHECK (paid >= 0 AND paid <= total),
  status TEXT NOT NULL CHECK (status IN ('open', 'partial', 'paid', 'void')),
  customer_name TEXT NOT NULL,
  package_name TEXT NOT NULL,
  run_id BIGINT,
  price_id BIGINT,
  created_at TIMESTAMPTZ NOT NULL
);
CREATE INDEX invoice_service ON invoice (service_id, period);
CREATE INDEX invoice_unpaid ON invoice (customer_id, due_on) WHERE status IN ('open', 'partial');
CREATE INDEX invoice_period ON invoice (period, status, total, paid);
CREATE INDEX invoice_service_unpaid ON invoice (service_id, due_on, total, paid) WHERE status IN ('open', 'partial');

CREATE TABLE invoice_line (
  id INTEGER PRIMARY KEY,
  invoice_id BIGINT NOT NULL REFERENCES invoice(id),
  service_id BIGINT NOT NULL REFERENCES service(id),
  period TEXT NOT NULL,
  kind TEXT NOT NULL CHECK (kind IN ('subscription', 'prorate', 'addon', 'charge', 'late_fee', 'discount', 'adjustment', 'tax', 'opening')),
  amount BIGINT NOT NULL,
  text TEXT NOT NULL,
  derivation TEXT NOT NULL,
  change_id TEXT,
  void BOOLEAN NOT NULL
);
-- A month is billed once: at most one regular line for a service and period that is not void.
CREATE UNIQUE INDEX invoice_line_regular ON invoice_line (service_id, period) WHERE kind IN ('subscription', 'prorate') AND NOT void;
CREATE INDEX invoice_line_cancelled ON invoice_line (service_id, period) WHERE kind IN ('subscription', 'prorate') AND void;
CREATE UNIQUE INDEX invoice_line_opening ON invoice_line (service_id) WHERE kind = 'opening';
CREATE UNIQUE INDEX invoice_line_change ON invoice_line (change_id) WHERE change_id IS NOT NULL;
CREATE INDEX invoice_line_invoice ON invoice_line (invoice_id);

CREATE TABLE payment (
  id INTEGER PRIMARY KEY,
  receipt TEXT NOT NULL UNIQUE,
  customer_id BIGINT NOT NULL REFERENCES customer(id),
  service_id BIGINT NOT NULL REFERENCES service(id),
  amount BIGINT NOT NULL CHECK (amount > 0),
  method TEXT NOT NULL CHECK (method IN ('cash', 'transfer', 'gateway', 'opening')),
  channel TEXT NOT NULL,
  gateway TEXT,
  gateway_reference TEXT,
  request_id TEXT,
  reference TEXT NOT NULL,
  note TEXT NOT NULL,
  received_on DATE NOT NULL,
  received_by TEXT NOT NULL,
  -- What of it no bill has used yet: Saldo. A cache of amount minus allocations.
  unused BIGINT NOT NULL CHECK (unused >= 0 AND unused <= amount),
  at TIMESTAMPTZ NOT NULL
);
CREATE UNIQUE INDEX payment_gateway ON payment (gateway, gateway_reference) WHERE gateway IS NOT NULL;
CREATE UNIQUE INDEX payment_request ON payment (request_id) WHERE request_id IS NOT NULL;
CREATE INDEX payment_customer ON payment (customer_id);
CREATE INDEX payment_unused ON payment (customer_id) WHERE unused > 0;
CREATE INDEX payment_received ON payment (received_on, method, amount);

CREATE TABLE allocation (
  id INTEGER PRIMARY KEY,
  payment_id BIGINT NOT NULL REFERENCES payment(id),
  invoice_id BIGINT NOT NULL REFERENCES invoice(id),
  amount BIGINT NOT NULL CHECK (amount > 0),
  business_date DATE NOT NULL,
  at TIMESTAMPTZ NOT NULL
);
CREATE INDEX allocation_payment ON allocation (payment_id);
CREATE INDEX allocation_invoice ON allocation (invoice_id);

-- Signed: what raises the debt is positive. The sum of a customer's rows is the balance, always.
CREATE TABLE ledger_entry (
  id INTEGER PRIMARY KEY,
  customer_id BIGINT NOT NULL REFERENCES customer(id),
  service_id BIGINT,
  kind TEXT NOT NULL CHECK (kind IN ('issue', 'opening', 'payment', 'opening_credit', 'credit', 'refund', 'void', 'write_off', 'reversal')),
  amount BIGINT NOT NULL,
  invoice_id BIGINT REFERENCES invoice(id),
  payment_id BIGINT REFERENCES payment(id),
  business_date DATE NOT NULL,
  reverses BIGINT REFERENCES ledger_entry(id),
  text TEXT NOT NULL,
  who TEXT NOT NULL,
  at TIMESTAMPTZ NOT NULL
);
CREATE INDEX ledger_entry_customer ON ledger_entry (customer_id);

CREATE TABLE payment_attempt (
  id INTEGER PRIMARY KEY,
  reference TEXT NOT NULL UNIQUE,
  customer_id BIGINT NOT NULL REFERENCES customer(id),
  service_id BIGINT NOT NULL REFERENCES service(id),
  gateway TEXT NOT NULL,
  method TEXT NOT NULL,
  amount BIGINT NOT NULL CHECK (amount > 0),
  fee BIGINT NOT NULL CHECK (fee >= 0),
  -- Which bills at which sums: the same wish while it is open is the same attempt.
  wish TEXT NOT NULL,
  status TEXT NOT NULL CHECK (status IN ('creating', 'open', 'paid', 'expired', 'failed', 'review')),
  gateway_reference TEXT NOT NULL,
  gateway_payment_id TEXT NOT NULL,
  payment_code TEXT NOT NULL,
  qr_string TEXT NOT NULL,
  payment_url TEXT NOT NULL,
  problem TEXT NOT NULL,
  expires_at TIMESTAMPTZ NOT NULL,
  created_at TIMESTAMPTZ NOT NULL,
  updated_at TIMESTAMPTZ NOT NULL
);
CREATE UNIQUE INDEX payment_attempt_open ON payment_attempt (gateway, method, wish) WHERE status IN ('creating', 'open');
CREATE INDEX payment_attempt_payment_id ON payment_attempt (gateway, gateway_payment_id);
CREATE INDEX payment_attempt_gateway_reference ON payment_attempt (gateway, gateway_reference);
CREATE INDEX payment_attempt_updated ON payment_attempt (updated_at);
CREATE INDEX payment_attempt_service ON payment_attempt (service_id);

CREATE TABLE payment_attempt_invoice (
  attempt_id BIGINT NOT NULL REFERENCES payment_attempt(id),
  invoice_id BIGINT NOT NULL REFERENCES invoice(id),
  amount BIGINT NOT NULL,
  PRIMARY KEY (attempt_id, invoice_id)
);

CREATE TABLE gateway_notice (
  id INTEGER PRIMARY KEY,
  gateway TEXT NOT NULL,
  payment_ref TEXT NOT NULL,
  status TEXT NOT NULL,
  status_code TEXT NOT NULL,
  parsed TEXT NOT NULL,
  body TEXT NOT NULL,
  state TEXT NOT NULL CHECK (state IN ('new', 'settled', 'ignored', 'review')),
  outcome TEXT NOT NULL,
  received_at TIMESTAMPTZ NOT NULL,
  UNIQUE (gateway, payment_ref, status, status_code)
);
CREATE INDEX gateway_notice_review ON gateway_notice (state) WHERE state = 'review';

-- Refused notices never share a key with real ones; the newest few thousand are kept.
CREATE TABLE refused_notice (
  id INTEGER PRIMARY KEY,
  gateway TEXT NOT NULL,
  reason TEXT NOT NULL,
  body_start TEXT NOT NULL,
  address TEXT NOT NULL,
  at TIMESTAMPTZ NOT NULL
);
CREATE INDEX refused_notice_at ON refused_notice (at);

CREATE TABLE work (
  id INTEGER PRIMARY KEY,
  kind TEXT NOT NULL,
  payload TEXT NOT NULL,
  dedup TEXT NOT NULL,
  -- Items with the same lane run one after the other (one router, one phone); '' is no lane.
  lane TEXT NOT NULL,
  run_at TIMESTAMPTZ NOT NULL,
  lease_by TEXT NOT NULL,
  lease_until TIMESTAMPTZ,
  attempt BIGINT NOT NULL,
  state TEXT NOT NULL CHECK (state IN ('ready', 'running', 'retry', 'done', 'dead')),
  last_error TEXT NOT NULL,
  created_at TIMESTAMPTZ NOT NULL,
  finished_at TIMESTAMPTZ
);
-- Among items not yet started; a running item does not absorb a new one.
CREATE UNIQUE INDEX work_dedup ON work (dedup) WHERE state = 'ready';
CREATE INDEX work_due ON work (run_at) WHERE state IN ('ready', 'retry', 'running');
-- One running item a lane, whoever claims: the queue's promise for routers and phones.
CREATE UNIQUE INDEX work_lane ON work (lane) WHERE state = 'running' AND lane <> '';
CREATE INDEX work_retry ON work (dedup) WHERE state = 'retry';
CREATE INDEX work_dead ON work (dedup) WHERE state = 'dead';
CREATE INDEX work_running ON work (dedup) WHERE state = 'running';
-- The head of a lane is found without reading what waits behind it.
CREATE INDEX work_lane_due ON work (lane, run_at) WHERE state IN ('ready', 'retry', 'running');

CREATE TABLE schedule (
  job TEXT NOT NULL PRIMARY KEY,
  next_at TIMESTAMPTZ NOT NULL,
  enabled BOOLEAN NOT NULL
);

CREATE TABLE job_run (
  id INTEGER PRIMARY KEY,
  job TEXT NOT NULL,
  slot TEXT NOT NULL,
  state TEXT NOT NULL CHECK (state IN ('running', 'done', 'failed')),
  result TEXT NOT NULL,
  started_at TIMESTAMPTZ NOT NULL,
  finished_at TIMESTAMPTZ,
  UNIQUE (job, slot)
);

CREATE TABLE message (
  id INTEGER PRIMARY KEY,
  kind TEXT NOT NULL,
  subject TEXT NOT NULL,
  day DATE NOT NULL,
  customer_id BIGINT NOT NULL REFERENCES customer(id),
  service_id BIGINT REFERENCES service(id),
  phone TEXT NOT NULL,
  text TEXT NOT NULL,
  state TEXT NOT NULL CHECK (state IN ('queued', 'sent', 'failed', 'cancelled')),
  reason TEXT NOT NULL,
  provider_id TEXT NOT NULL,
  created_at TIMESTAMPTZ NOT NULL,
  sent_at TIMESTAMPTZ,
  UNIQUE (kind, subject, day)
);
CREATE INDEX message_customer ON message (customer_id);
CREATE INDEX message_state ON message (state) WHERE state = 'queued';

CREATE TABLE access_event (
  id INTEGER PRIMARY KEY,
  service_id BIGINT NOT NULL REFERENCES service(id),
  what TEXT NOT NULL CHECK (what IN ('wish_isolated', 'wish_normal', 'wish_disabled', 'isolated', 'restored', 'disabled', 'created', 'drift', 'problem')),
  reason TEXT NOT NULL,
  profile_before TEXT NOT NULL,
  profile_after TEXT NOT NULL,
  who TEXT NOT NULL,
  at TIMESTAMPTZ NOT NULL
);
CREATE INDEX access_event_service ON access_event (service_id);

-- A run that would cut too many waits here for a person.
CREATE TABLE isolir_brake (
  id INTEGER PRIMARY KEY,
  day DATE NOT NULL UNIQUE,
  would_cut BIGINT NOT NULL,
  active BIGINT NOT NULL,
  state TEXT NOT NULL CHECK (state IN ('waiting', 'approved', 'over')),
  who TEXT NOT NULL,
  at TIMESTAMPTZ NOT NULL
);

CREATE TABLE staff (
  id INTEGER PRIMARY KEY,
  email TEXT NOT NULL UNIQUE,
  name TEXT NOT NULL,
  role TEXT NOT NULL CHECK (role IN ('owner', 'admin', 'cashier', 'technician', 'collector', 'viewer')),
  password_hash TEXT NOT NULL,
  active BOOLEAN NOT NULL,
  created_at TIMESTAMPTZ NOT NULL
);

CREATE TABLE session (
  token_hash TEXT NOT NULL PRIMARY KEY,
  subject_kind TEXT NOT NULL CHECK (subject_kind IN ('staff', 'service')),
  subject_id BIGINT NOT NULL,
  address TEXT NOT NULL,
  agent TEXT NOT NULL,
  created_at TIMESTAMPTZ NOT NULL,
  expires_at TIMESTAMPTZ NOT NULL,
  last_seen_at TIMESTAMPTZ NOT NULL
);
CREATE INDEX session_expires ON session (expires_at);

CREATE TABLE audit_event (
  id INTEGER PRIMARY KEY,
  at TIMESTAMPTZ NOT NULL,
  who TEXT NOT NULL,
  staff_id BIGINT,
  action TEXT NOT NULL,
  subject TEXT NOT NULL,
  before_value TEXT NOT NULL,
  after_value TEXT NOT NULL,
  address TEXT NOT NULL
);
CREATE INDEX audit_event_at ON audit_event (at);

CREATE TABLE import_job (
  id INTEGER PRIMARY KEY,
  file_name TEXT NOT NULL,
  file_path TEXT NOT NULL,
  staff_id BIGINT NOT NULL,
  state TEXT NOT NULL CHECK (state IN ('preview', 'running', 'done', 'failed')),
  rows_total BIGINT NOT NULL,
  rows_done BIGINT NOT NULL,
  result TEXT NOT NULL,
  created_at TIMESTAMPTZ NOT NULL,
  finished_at TIMESTAMPTZ
);
