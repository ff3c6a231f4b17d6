-- What an office needs to live in Kimonet for a month: areas, planned changes, notes and files, bags of cash, templates,
-- alerts, backups, a second factor, adjustable rights, and a log that cannot be rewritten unseen.

-- Sessions are made anew: everybody logs in once more. 'half': the password was right, the second factor is asked for.
DROP TABLE session;
CREATE TABLE session (
  token_hash TEXT NOT NULL PRIMARY KEY,
  subject_kind TEXT NOT NULL CHECK (subject_kind IN ('staff', 'service')),
  subject_id BIGINT NOT NULL,
  step TEXT NOT NULL CHECK (step IN ('whole', 'half')),
  address TEXT NOT NULL,
  agent TEXT NOT NULL,
  created_at TIMESTAMPTZ NOT NULL,
  expires_at TIMESTAMPTZ NOT NULL,
  last_seen_at TIMESTAMPTZ NOT NULL
);
CREATE INDEX session_expires ON session (expires_at);
CREATE INDEX session_subject ON session (subject_kind, subject_id);

ALTER TABLE staff ADD COLUMN phone TEXT NOT NULL DEFAULT '';
-- Secret of the second factor, sealed; '' where there is none. The last step that was used is never taken again.
ALTER TABLE staff ADD COLUMN totp_sealed TEXT NOT NULL DEFAULT '';
ALTER TABLE staff ADD COLUMN totp_step BIGINT NOT NULL DEFAULT 0;
-- SHA-256 of the token of an open invitation or reset; '' where there is none.
ALTER TABLE staff ADD COLUMN invite_hash TEXT NOT NULL DEFAULT '';
ALTER TABLE staff ADD COLUMN invite_until TIMESTAMPTZ;
ALTER TABLE staff ADD COLUMN last_login_at TIMESTAMPTZ;
CREATE INDEX staff_invite ON staff (invite_hash) WHERE invite_hash <> '';

CREATE TABLE staff_recovery (
  id INTEGER PRIMARY KEY,
  staff_id BIGINT NOT NULL REFERENCES staff(id),
  code_hash TEXT NOT NULL,
  used_at TIMESTAMPTZ,
  UNIQUE (staff_id, code_hash)
);

-- Where a role's rights differ from those that are delivered.
CREATE TABLE role_right (
  role TEXT NOT NULL CHECK (role IN ('admin', 'cashier', 'technician', 'collector', 'viewer')),
  permission TEXT NOT NULL,
  allowed BOOLEAN NOT NULL,
  PRIMARY KEY (role, permission)
);

CREATE TABLE area (
  id INTEGER PRIMARY KEY,
  name TEXT NOT NULL UNIQUE,
  manager_id BIGINT REFERENCES staff(id),
  note TEXT NOT NULL,
  created_at TIMESTAMPTZ NOT NULL
);
INSERT INTO area (name, note, created_at) SELECT area, '', MIN(created_at) FROM service WHERE area <> '' GROUP BY area ORDER BY area;
CREATE INDEX area_manager ON area (manager_id) WHERE manager_id IS NOT NULL;

-- The collector as a member of staff; the name in `collector` stays what the import said.
ALTER TABLE service ADD COLUMN collector_id BIGINT REFERENCES staff(id);
ALTER TABLE service ADD COLUMN technician_id BIGINT REFERENCES staff(id);
-- Stages of an installation: asked for, planned for, done.
ALTER TABLE service ADD COLUMN asked_on DATE;
ALTER TABLE service ADD COLUMN install_on DATE;
ALTER TABLE service ADD COLUMN installed_on DATE;
-- Agreed with the customer, in rupiah; charged when the line is put into use.
ALTER TABLE service ADD COLUMN install_fee BIGINT NOT NULL DEFAULT 0 CHECK (install_fee >= 0);
ALTER TABLE service ADD COLUMN install_note TEXT NOT NULL DEFAULT '';
-- Last day on which never_isolate holds; NULL: without end.
ALTER TABLE service ADD COLUMN never_isolate_until DATE;
-- Place on the map in millionths of a degree.
ALTER TABLE service ADD COLUMN lat_e6 BIGINT CHECK (lat_e6 BETWEEN -90000000 AND 90000000);
ALTER TABLE service ADD COLUMN lng_e6 BIGINT CHECK (lng_e6 BETWEEN -180000000 AND 180000000);
-- The form that made the service: sent twice, it is one service.
ALTER TABLE service ADD COLUMN request_id TEXT;
CREATE UNIQUE INDEX service_request ON service (request_id) WHERE request_id IS NOT NULL;
CREATE INDEX service_installed ON service (installed_on) WHERE installed_on IS NOT NULL;
CREATE INDEX service_collector ON service (collector_id) WHERE collector_id IS NOT NULL;
CREATE INDEX service_area ON service (area);
CREATE INDEX service_package ON service (package_id);

ALTER TABLE package ADD COLUMN active BOOLEAN NOT NULL DEFAULT TRUE;

-- The PPP profiles that a router was last seen to have, so that a package can say where it works.
CREATE TABLE router_profile (
  router_id BIGINT NOT NULL REFERENCES router(id),
  name TEXT NOT NULL,
  seen_at TIMESTAMPTZ NOT NULL,
  PRIMARY KEY (router_id, name)
);

-- Changes that wait for their day. At most one of a kind is planned for a service.
CREATE TABLE service_change (
  id INTEGER PRIMARY KEY,
  service_id BIGINT NOT NULL REFERENCES service(id),
  kind TEXT NOT NULL CHECK (kind IN ('stop', 'package')),
  from_on DATE NOT NULL,
  package_id BIGINT REFERENCES package(id),
  state TEXT NOT NULL CHECK (state IN ('planned', 'done', 'cancelled')),
  reason TEXT NOT NULL,
  who TEXT NOT NULL,
  created_at TIMESTAMPTZ NOT NULL,
  ended_at TIMESTAMPTZ
);
CREATE UNIQUE INDEX service_change_planned ON service_change (service_id, kind) WHERE state = 'planned';
CREATE INDEX service_change_due ON service_change (from_on) WHERE state = 'planned';
CREATE INDEX service_change_service ON service_change (service_id);

-- Accounts that a service left behind on a router (moved to another, or under another name): disabled there, nothing deleted.
CREATE TABLE router_leftover (
  id INTEGER PRIMARY KEY,
  router_id BIGINT NOT NULL,
  service_id BIGINT NOT NULL REFERENCES service(id),
  pppoe_username TEXT NOT NULL,
  created_at TIMESTAMPTZ NOT NULL,
  done_at TIMESTAMPTZ
);
CREATE UNIQUE INDEX router_leftover_open ON router_leftover (router_id, pppoe_username) WHERE done_at IS NULL;
CREATE INDEX router_leftover_service ON router_leftover (service_id);

-- Bulk changes: what was done to each service, once a form.
CREATE TABLE bulk_change (
  id INTEGER PRIMARY KEY,
  request_id TEXT NOT NULL UNIQUE,
  what TEXT NOT NULL CHECK (what IN ('area', 'collector', 'due_day', 'package', 'never_isolate')),
  value TEXT NOT NULL,
  done BIGINT NOT NULL,
  refused BIGINT NOT NULL,
  who TEXT NOT NULL,
  staff_id BIGINT REFERENCES staff(id),
  at TIMESTAMPTZ NOT NULL
);
CREATE TABLE bulk_change_row (
  bulk_id BIGINT NOT NULL REFERENCES bulk_change(id),
  service_id BIGINT NOT NULL REFERENCES service(id),
  before_value TEXT NOT NULL,
  problem TEXT NOT NULL,
  PRIMARY KEY (bulk_id, service_id)
);
CREATE INDEX bulk_change_row_service ON bulk_change_row (service_id);

-- 'kontak': somebody spoke with the customer about what he owes.
CREATE TABLE customer_note (
  id INTEGER PRIMARY KEY,
  customer_id BIGINT NOT NULL REFERENCES customer(id),
  kind TEXT NOT NULL CHECK (kind IN ('catatan', 'kontak')),
  text TEXT NOT NULL,
  who TEXT NOT NULL,
  staff_id BIGINT REFERENCES staff(id),
  at TIMESTAMPTZ NOT NULL
);
CREATE INDEX customer_note_customer ON customer_note (customer_id, kind, at);

-- Files lie in the data folder under names of ours; what is removed keeps its row.
CREATE TABLE customer_file (
  id INTEGER PRIMARY KEY,
  customer_id BIGINT NOT NULL REFERENCES customer(id),
  kind TEXT NOT NULL CHECK (kind IN ('ktp', 'rumah', 'perangkat', 'lain')),
  name TEXT NOT NULL,
  stored_as TEXT NOT NULL UNIQUE,
  media_type TEXT NOT NULL,
  bytes BIGINT NOT NULL,
  sha256 TEXT NOT NULL,
  who TEXT NOT NULL,
  staff_id BIGINT REFERENCES staff(id),
  at TIMESTAMPTZ NOT NULL,
  removed_at TIMESTAMPTZ
);
CREATE INDEX customer_file_customer ON customer_file (customer_id);

-- A bag holds the cash that somebody took and has not handed over: one a member of staff, or one a name that is none.
CREATE TABLE cash_bag (
  id INTEGER PRIMARY KEY,
  staff_id BIGINT UNIQUE REFERENCES staff(id),
  name TEXT NOT NULL,
  created_at TIMESTAMPTZ NOT NULL
);
CREATE UNIQUE INDEX cash_bag_name ON cash_bag (name) WHERE staff_id IS NULL;

-- expected = counted + kept + difference.
CREATE TABLE handover (
  id INTEGER PRIMARY KEY,
  number TEXT NOT NULL UNIQUE,
  request_id TEXT NOT NULL UNIQUE,
  bag_id BIGINT NOT NULL REFERENCES cash_bag(id),
  expected BIGINT NOT NULL CHECK (expected >= 0),
  counted BIGINT NOT NULL CHECK (counted >= 0),
  kept BIGINT NOT NULL CHECK (kept >= 0),
  difference BIGINT NOT NULL,
  reason TEXT NOT NULL,
  destination TEXT NOT NULL CHECK (destination IN ('kantor', 'bank')),
  reference TEXT NOT NULL,
  business_date DATE NOT NULL,
  state TEXT NOT NULL CHECK (state IN ('given', 'confirmed', 'refused')),
  given_by TEXT NOT NULL,
  given_by_id BIGINT REFERENCES staff(id),
  given_at TIMESTAMPTZ NOT NULL,
  answered_by TEXT NOT NULL,
  answered_by_id BIGINT REFERENCES staff(id),
  answered_at TIMESTAMPTZ,
  answer TEXT NOT NULL,
  CHECK (expected = counted + kept + difference),
  CHECK (difference = 0 OR reason <> '')
);
CREATE UNIQUE INDEX handover_open ON handover (bag_id) WHERE state = 'given';
CREATE INDEX handover_day ON handover (business_date);
CREATE INDEX handover_bag ON handover (bag_id, id);

ALTER TABLE payment ADD COLUMN bag_id BIGINT REFERENCES cash_bag(id);
CREATE INDEX payment_bag ON payment (bag_id, received_on) WHERE bag_id IS NOT NULL;

-- Signed: cash that came in is positive; what was handed over, and what was missing, is negative. Their sum is the bag.
CREATE TABLE bag_entry (
  id INTEGER PRIMARY KEY,
  bag_id BIGINT NOT NULL REFERENCES cash_bag(id),
  kind TEXT NOT NULL CHECK (kind IN ('cash', 'handover', 'difference', 'refused')),
  amount BIGINT NOT NULL,
  payment_id BIGINT REFERENCES payment(id),
  handover_id BIGINT REFERENCES handover(id),
  business_date DATE NOT NULL,
  text TEXT NOT NULL,
  who TEXT NOT NULL,
  at TIMESTAMPTZ NOT NULL
);
CREATE UNIQUE INDEX bag_entry_payment ON bag_entry (payment_id) WHERE kind = 'cash';
CREATE UNIQUE INDEX bag_entry_handover ON bag_entry (handover_id, kind) WHERE handover_id IS NOT NULL AND kind <> 'refused';
CREATE INDEX bag_entry_bag ON bag_entry (bag_id, business_date, amount);

-- The cash that was taken before there were bags lies in the bag of the name that took it.
INSERT INTO cash_bag (name, created_at) SELECT CASE WHEN received_by = '' THEN 'Kas lama' ELSE received_by END, MIN(at)
 FROM payment WHERE method = 'cash' GROUP BY 1 ORDER BY 1;
UPDATE payment SET bag_id = (SELECT b.id FROM cash_bag b WHERE b.staff_id IS NULL
   AND b.name = CASE WHEN payment.received_by = '' THEN 'Kas lama' ELSE payment.received_by END) WHERE method = 'cash';
INSERT INTO bag_entry (bag_id, kind, amount, payment_id, business_date, text, who, at)
 SELECT bag_id, 'cash', amount, id, received_on, 'Pembayaran ' || receipt, received_by, at FROM payment WHERE method = 'cash' ORDER BY id;

-- The first print is the original, later ones are copies (SALINAN).
CREATE TABLE receipt_print (
  id INTEGER PRIMARY KEY,
  payment_id BIGINT NOT NULL REFERENCES payment(id),
  who TEXT NOT NULL,
  at TIMESTAMPTZ NOT NULL
);
CREATE INDEX receipt_print_payment ON receipt_print (payment_id);

CREATE TABLE bank_account (
  id INTEGER PRIMARY KEY,
  bank TEXT NOT NULL,
  number TEXT NOT NULL,
  holder TEXT NOT NULL,
  active BOOLEAN NOT NULL,
  created_at TIMESTAMPTZ NOT NULL,
  UNIQUE (bank, number)
);

CREATE TABLE message_template (
  kind TEXT NOT NULL PRIMARY KEY,
  text TEXT NOT NULL,
  who TEXT NOT NULL,
  updated_at TIMESTAMPTZ NOT NULL
);

-- The bills that a message asks for: once all are paid it is not sent any more.
CREATE TABLE message_bill (
  message_id BIGINT NOT NULL REFERENCES message(id),
  invoice_id BIGINT NOT NULL REFERENCES invoice(id),
  PRIMARY KEY (message_id, invoice_id)
);
CREATE INDEX message_bill_invoice ON message_bill (invoice_id);
-- The history of messages counts by its filters, and reads its newest first.
CREATE INDEX message_day ON message (day, kind, state);
CREATE INDEX message_newest ON message (day, id, state, kind);

-- A device that sends: failures in a row, until when it rests, and up to when messages in bulk are spread already.
CREATE TABLE channel (
  name TEXT NOT NULL PRIMARY KEY,
  failures BIGINT NOT NULL,
  paused_until TIMESTAMPTZ,
  down_since TIMESTAMPTZ,
  last_ok_at TIMESTAMPTZ,
  last_problem TEXT NOT NULL,
  spread_until TIMESTAMPTZ
);

CREATE TABLE alert (
  id INTEGER PRIMARY KEY,
  kind TEXT NOT NULL,
  subject TEXT NOT NULL,
  text TEXT NOT NULL,
  state TEXT NOT NULL CHECK (state IN ('open', 'closed')),
  opened_at TIMESTAMPTZ NOT NULL,
  told_at TIMESTAMPTZ,
  told_how TEXT NOT NULL,
  closed_at TIMESTAMPTZ
);
CREATE UNIQUE INDEX alert_open ON alert (kind, subject) WHERE state = 'open';

ALTER TABLE job_run ADD COLUMN who TEXT NOT NULL DEFAULT 'Jadwal';
CREATE INDEX job_run_started ON job_run (started_at);
CREATE INDEX access_event_at ON access_event (at, id, what);

CREATE TABLE backup (
  id INTEGER PRIMARY KEY,
  kind TEXT NOT NULL CHECK (kind IN ('harian', 'bulanan', 'manual')),
  file TEXT NOT NULL UNIQUE,
  bytes BIGINT NOT NULL,
  sha256 TEXT NOT NULL,
  encrypted BOOLEAN NOT NULL,
  state TEXT NOT NULL CHECK (state IN ('running', 'done', 'failed', 'removed')),
  problem TEXT NOT NULL,
  copied TEXT NOT NULL CHECK (copied IN ('none', 'done', 'failed')),
  copy_problem TEXT NOT NULL,
  drill TEXT NOT NULL CHECK (drill IN ('none', 'green', 'red')),
  drill_text TEXT NOT NULL,
  drill_at TIMESTAMPTZ,
  who TEXT NOT NULL,
  started_at TIMESTAMPTZ NOT NULL,
  finished_at TIMESTAMPTZ
);
CREATE INDEX backup_started ON backup (started_at);

-- The log of activities is a chain: each row's hash covers the row before. Rows from before the chain have no place in it.
ALTER TABLE audit_event ADD COLUMN seq BIGINT;
ALTER TABLE audit_event ADD COLUMN hash TEXT NOT NULL DEFAULT '';
CREATE UNIQUE INDEX audit_event_seq ON audit_event (seq) WHERE seq IS NOT NULL;
CREATE INDEX audit_event_subject ON audit_event (subject, at, id);
CREATE INDEX audit_event_staff ON audit_event (staff_id, at, id);
CREATE INDEX audit_event_action ON audit_event (action, at, id);

-- engine: rows that are written once are never changed nor deleted, whoever tries.
CREATE TRIGGER audit_event_stays BEFORE UPDATE ON audit_event BEGIN SELECT RAISE(ABORT, 'audit_event is append-only'); END;
CREATE TRIGGER audit_event_remains BEFORE DELETE ON audit_event BEGIN SELECT RAISE(ABORT, 'audit_event is append-only'); END;
CREATE TRIGGER ledger_entry_stays BEFORE UPDATE ON ledger_entry BEGIN SELECT RAISE(ABORT, 'ledger_entry is append-only'); END;
CREATE TRIGGER ledger_entry_remains BEFORE DELETE ON ledger_entry BEGIN SELECT RAISE(ABORT, 'ledger_entry is append-only'); END;
CREATE TRIGGER bag_entry_stays BEFORE UPDATE ON bag_entry BEGIN SELECT RAISE(ABORT, 'bag_entry is append-only'); END;
CREATE TRIGGER bag_entry_remains BEFORE DELETE ON bag_entry BEGIN SELECT RAISE(ABORT, 'bag_entry is append-only'); END;
