-- The lists ask what a service owes up to this month, from the index alone.
DROP INDEX invoice_service_unpaid;
CREATE INDEX invoice_service_unpaid ON invoice (service_id, due_on, period, total, paid) WHERE status IN ('open', 'partial');
