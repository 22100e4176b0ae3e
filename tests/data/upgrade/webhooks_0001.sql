-- A subscription with a rotated secret, and one that was deleted.
INSERT INTO webhooks.subscription_version (organisation_id, version)
VALUES ('019b7760-0000-7000-8000-0000000000a1', 4);

INSERT INTO webhooks.subscription (subscription_id, organisation_id, url, event_types, description, deleted_at)
VALUES
    (
        '019b7760-1000-7000-8000-000000000051', '019b7760-0000-7000-8000-0000000000a1',
        'https://example.com/hooks', '{order.created,invoice.*}', 'Orders', NULL
    ),
    (
        '019b7760-1000-7000-8000-000000000052', '019b7760-0000-7000-8000-0000000000a1',
        'https://example.com/old', '{*}', '', now()
    );

INSERT INTO webhooks.signing_secret (signing_secret_id, subscription_id, key, expires_at)
VALUES
    (
        '019b7760-1000-7000-8000-0000000000b1', '019b7760-1000-7000-8000-000000000051',
        decode(repeat('01', 32), 'hex'), now() + interval '1 day'
    ),
    (
        '019b7760-1000-7000-8000-0000000000b2', '019b7760-1000-7000-8000-000000000051',
        decode(repeat('02', 32), 'hex'), NULL
    );

-- Events in each state: four with a delivery, one that a killed worker holds, and one that nobody wanted.
INSERT INTO webhooks.event (
    event_id, organisation_id, event_type, payload, idempotency_key, queued_deliveries, status, dispatched_at,
    claim_count, leased_by
)
VALUES
    (
        '019b7760-2000-7000-8000-0000000000e1', '019b7760-0000-7000-8000-0000000000a1',
        'order.created', '{"order": 1.0}', 'order-1', 1, 'dispatched', now(), 1, NULL
    ),
    (
        '019b7760-2000-7000-8000-0000000000e2', '019b7760-0000-7000-8000-0000000000a1',
        'order.created', '{"order": 2.0}', NULL, 1, 'dispatched', now(), 1, NULL
    ),
    (
        '019b7760-2000-7000-8000-0000000000e3', '019b7760-0000-7000-8000-0000000000a1',
        'order.created', '{"order": 3.0}', NULL, 1, 'dispatched', now(), 2, NULL
    ),
    (
        '019b7760-2000-7000-8000-0000000000e4', '019b7760-0000-7000-8000-0000000000a1',
        'order.created', '{"order": 4.0}', NULL, 1, 'dispatched', now(), 1, NULL
    ),
    (
        '019b7760-2000-7000-8000-0000000000e5', '019b7760-0000-7000-8000-0000000000a1',
        'invoice.paid', '{"invoice": 5}', 'invoice-5', 1, 'queued', NULL, 1, '019b7760-0000-7000-8000-0000000000f1'
    ),
    (
        '019b7760-2000-7000-8000-0000000000e6', '019b7760-0000-7000-8000-0000000000a1',
        'unheard.of', 'null', NULL, 0, 'dispatched', now(), 0, NULL
    );

-- Deliveries in each state; the one that is retrying was in the killed worker's hands.
INSERT INTO webhooks.delivery (
    delivery_id, organisation_id, event_id, subscription_id, status, attempt_count, round_attempt_count,
    round_started_at, next_attempt_at, finished_at, leased_by
)
VALUES
    (
        '019b7760-2000-8000-8000-0000000000d1', '019b7760-0000-7000-8000-0000000000a1',
        '019b7760-2000-7000-8000-0000000000e1', '019b7760-1000-7000-8000-000000000051',
        'delivered', 1, 1, now(), NULL, now(), NULL
    ),
    (
        '019b7760-2000-8000-8000-0000000000d2', '019b7760-0000-7000-8000-0000000000a1',
        '019b7760-2000-7000-8000-0000000000e2', '019b7760-1000-7000-8000-000000000051',
        'failed', 2, 2, now(), NULL, now(), NULL
    ),
    (
        '019b7760-2000-8000-8000-0000000000d3', '019b7760-0000-7000-8000-0000000000a1',
        '019b7760-2000-7000-8000-0000000000e3', '019b7760-1000-7000-8000-000000000051',
        'retrying', 1, 1, now(), now(), NULL, '019b7760-0000-7000-8000-0000000000f1'
    ),
    (
        '019b7760-2000-8000-8000-0000000000d4', '019b7760-0000-7000-8000-0000000000a1',
        '019b7760-2000-7000-8000-0000000000e4', '019b7760-1000-7000-8000-000000000051',
        'canceled', 1, 1, now(), NULL, now(), NULL
    );

INSERT INTO webhooks.attempt (
    delivery_id, attempt_number, attempted_at, duration_ms, response_status, response_body,
    is_response_body_truncated, error_class, error_detail
)
VALUES
    ('019b7760-2000-8000-8000-0000000000d1', 1, now(), 12.5, 204, '', FALSE, NULL, NULL),
    (
        '019b7760-2000-8000-8000-0000000000d2', 1, now(), 30000, NULL, NULL, FALSE,
        'timeout', 'The attempt took longer than 30 s.'
    ),
    (
        '019b7760-2000-8000-8000-0000000000d2', 2, now(), 8.25, 500, '\x6e6f', TRUE,
        'unsuccessful_status', 'The receiver answered 500.'
    ),
    (
        '019b7760-2000-8000-8000-0000000000d3', 1, now(), 3, NULL, NULL, FALSE,
        'connect_failed', 'No connection to example.com could be opened.'
    ),
    (
        '019b7760-2000-8000-8000-0000000000d4', 1, now(), 3, 503, NULL, FALSE,
        'unsuccessful_status', 'The receiver answered 503.'
    );
