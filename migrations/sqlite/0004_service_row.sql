-- A row a service with all that lists find, filter and sort by, read whole in some 20 ms at 100,000 services. It is kept
-- by triggers, so that no writer can forget it; `verify` compares it with what it is made of. What is filtered and summed
-- stands first, texts last: a row is read from its front.

CREATE TABLE service_row (
  service_id INTEGER PRIMARY KEY REFERENCES service(id),
  customer_id BIGINT NOT NULL,
  package_id BIGINT NOT NULL,
  -- 0 where there is none.
  router_id BIGINT NOT NULL,
  due_day BIGINT NOT NULL,
  -- Open bills of all months: sum in rupiah, number; and of the last month among them, for the month ahead is not owed yet.
  owed BIGINT NOT NULL,
  bills BIGINT NOT NULL,
  last_left BIGINT NOT NULL,
  last_bills BIGINT NOT NULL,
  started_on DATE NOT NULL,
  -- First due date of the open bills.
  oldest_due DATE,
  collector_id BIGINT,
  -- Last month of the open bills, '' when there are none.
  last_period TEXT NOT NULL,
  stage TEXT NOT NULL,
  access TEXT NOT NULL,
  area TEXT NOT NULL,
  number TEXT NOT NULL,
  name TEXT NOT NULL,
  -- Name, numbers and telephone (08…) in lower case, with | between them.
  search TEXT NOT NULL,
  -- Where it stands, for the order in which a collector walks.
  address TEXT NOT NULL
);

CREATE VIEW service_now AS SELECT s.id AS service_id, s.customer_id AS customer_id, c.name_search AS name, s.service_number AS number,
 c.name_search || '|' || LOWER(s.service_number) || '|' || LOWER(s.pppoe_username) || '|' || LOWER(COALESCE(c.number, '')) || '|' || CASE WHEN c.phone LIKE '62%' THEN '0' || SUBSTR(c.phone, 3) ELSE c.phone END AS search,
 s.stage AS stage,
 CASE WHEN s.desired = 'absent' THEN 'none' WHEN s.desired = 'as_is' THEN 'as_is'
  WHEN s.router_id IS NULL THEN CASE WHEN s.desired = 'normal' THEN 'none' ELSE s.desired END
  WHEN s.desired = s.observed THEN s.desired WHEN s.observed IN ('other', 'missing') THEN 'differs' ELSE 'waiting' END AS access,
 s.package_id AS package_id, COALESCE(s.router_id, 0) AS router_id, s.area AS area, c.address AS address, s.collector_id AS collector_id,
 s.due_day AS due_day, s.started_on AS started_on
 FROM service s JOIN customer c ON c.id = s.customer_id;

CREATE VIEW service_owed AS SELECT i.service_id AS service_id, CAST(SUM(i.total - i.paid) AS BIGINT) AS owed, COUNT(*) AS bills,
 MIN(i.due_on) AS oldest_due, MAX(i.period) AS last_period,
 CAST(SUM(CASE WHEN i.period = t.top THEN i.total - i.paid ELSE 0 END) AS BIGINT) AS last_left,
 CAST(SUM(CASE WHEN i.period = t.top THEN 1 ELSE 0 END) AS BIGINT) AS last_bills
 FROM invoice i
 JOIN (SELECT service_id, MAX(period) AS top FROM invoice WHERE status IN ('open', 'partial') GROUP BY service_id) t ON t.service_id = i.service_id
 WHERE i.status IN ('open', 'partial') GROUP BY i.service_id;

INSERT INTO service_row (service_id, customer_id, package_id, router_id, due_day, started_on, collector_id, stage, access, area, number, name, search, address, owed, bills, oldest_due, last_period, last_left, last_bills)
 SELECT n.service_id, n.customer_id, n.package_id, n.router_id, n.due_day, n.started_on, n.collector_id, n.stage, n.access, n.area, n.number, n.name, n.search, n.address, COALESCE(o.owed, 0), COALESCE(o.bills, 0), o.oldest_due, COALESCE(o.last_period, ''), COALESCE(o.last_left, 0), COALESCE(o.last_bills, 0)
 FROM service_now n LEFT JOIN service_owed o ON o.service_id = n.service_id ORDER BY n.service_id;

-- A text is looked up by reading this alone, which is a third of the table.
CREATE INDEX service_row_search ON service_row (search, service_id, customer_id);
-- Those with more than one open bill: the ages of their debts stand in the bills.
CREATE INDEX service_row_several ON service_row (service_id) WHERE bills > 1;

-- A month's bills are listed, sorted and summed from this alone.
DROP INDEX invoice_period;
CREATE INDEX invoice_month ON invoice (period, status, due_on, total, paid, service_id, customer_name, id);
-- Payments are summed by day and by service from these alone.
DROP INDEX payment_received;
CREATE INDEX payment_received ON payment (received_on, method, received_by, amount);
CREATE INDEX payment_service ON payment (service_id, received_on, method, received_by, amount);

-- engine: row by row.
CREATE TRIGGER service_row_new AFTER INSERT ON service BEGIN
  INSERT INTO service_row (service_id, customer_id, package_id, router_id, due_day, started_on, collector_id, stage, access, area, number, name, search, address, owed, bills, oldest_due, last_period, last_left, last_bills)
   SELECT n.service_id, n.customer_id, n.package_id, n.router_id, n.due_day, n.started_on, n.collector_id, n.stage, n.access, n.area, n.number, n.name, n.search, n.address, 0, 0, NULL, '', 0, 0 FROM service_now n WHERE n.service_id = NEW.id;
END;
CREATE TRIGGER service_row_service AFTER UPDATE OF customer_id, service_number, pppoe_username, stage, desired, observed, router_id, package_id, area, collector_id, due_day, started_on ON service
 WHEN NEW.customer_id IS NOT OLD.customer_id OR NEW.service_number IS NOT OLD.service_number OR NEW.pppoe_username IS NOT OLD.pppoe_username OR NEW.stage IS NOT OLD.stage OR NEW.desired IS NOT OLD.desired OR NEW.observed IS NOT OLD.observed OR NEW.router_id IS NOT OLD.router_id OR NEW.package_id IS NOT OLD.package_id OR NEW.area IS NOT OLD.area OR NEW.collector_id IS NOT OLD.collector_id OR NEW.due_day IS NOT OLD.due_day OR NEW.started_on IS NOT OLD.started_on BEGIN
  UPDATE service_row SET (customer_id, name, number, search, stage, access, package_id, router_id, area, address, collector_id, due_day, started_on)
   = (SELECT n.customer_id, n.name, n.number, n.search, n.stage, n.access, n.package_id, n.router_id, n.area, n.address, n.collector_id, n.due_day, n.started_on FROM service_now n WHERE n.service_id = NEW.id) WHERE service_id = NEW.id;
END;
CREATE TRIGGER service_row_customer AFTER UPDATE OF name_search, number, phone, address ON customer
 WHEN NEW.name_search IS NOT OLD.name_search OR NEW.number IS NOT OLD.number OR NEW.phone IS NOT OLD.phone OR NEW.address IS NOT OLD.address BEGIN
  UPDATE service_row SET (name, search, address) = (SELECT n.name, n.search, n.address FROM service_now n WHERE n.service_id = service_row.service_id)
   WHERE service_id IN (SELECT s.id FROM service s WHERE s.customer_id = NEW.id);
END;
CREATE TRIGGER service_row_billed AFTER INSERT ON invoice WHEN NEW.status IN ('open', 'partial') BEGIN
  UPDATE service_row SET owed = owed + NEW.total - NEW.paid, bills = bills + 1,
   oldest_due = CASE WHEN oldest_due IS NULL OR NEW.due_on < oldest_due THEN NEW.due_on ELSE oldest_due END,
   last_left = CASE WHEN NEW.period > last_period THEN NEW.total - NEW.paid WHEN NEW.period = last_period THEN last_left + NEW.total - NEW.paid ELSE last_left END,
   last_bills = CASE WHEN NEW.period > last_period THEN 1 WHEN NEW.period = last_period THEN last_bills + 1 ELSE last_bills END,
   last_period = CASE WHEN NEW.period > last_period THEN NEW.period ELSE last_period END
   WHERE service_id = NEW.service_id;
END;
CREATE TRIGGER service_row_paid AFTER UPDATE OF paid, status, total ON invoice
 WHEN NEW.paid <> OLD.paid OR NEW.status <> OLD.status OR NEW.total <> OLD.total BEGIN
  UPDATE service_row SET (owed, bills, oldest_due, last_period, last_left, last_bills)
   = (SELECT COALESCE(SUM(i.total - i.paid), 0), COUNT(*), MIN(i.due_on), COALESCE(MAX(i.period), ''),
     COALESCE(SUM(CASE WHEN i.period = t.top THEN i.total - i.paid ELSE 0 END), 0), COALESCE(SUM(CASE WHEN i.period = t.top THEN 1 ELSE 0 END), 0)
     FROM (SELECT MAX(period) AS top FROM invoice WHERE service_id = NEW.service_id AND status IN ('open', 'partial')) t
     JOIN invoice i ON i.service_id = NEW.service_id AND i.status IN ('open', 'partial'))
   WHERE service_id = NEW.service_id;
END;
