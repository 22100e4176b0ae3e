-- A conversation with one question and one answer, a response outside of it, what they have used, and what is left.
INSERT INTO assistant.conversation (conversation_id, organisation_id, owner_id, title, current_message_id)
VALUES (
    '01930000-0000-7000-8000-00000000c001',
    '01930000-0000-7000-8000-000000000001',
    '01930000-0000-7000-8000-0000000000a1',
    'Refunds',
    '01930000-0000-7000-8000-00000000d002'
);

INSERT INTO assistant.message (message_id, conversation_id, parent_id, role, text, response_id)
VALUES
(
    '01930000-0000-7000-8000-00000000d001',
    '01930000-0000-7000-8000-00000000c001',
    NULL,
    'user',
    'How long is the refund window?',
    NULL
),
(
    '01930000-0000-7000-8000-00000000d002',
    '01930000-0000-7000-8000-00000000c001',
    '01930000-0000-7000-8000-00000000d001',
    'assistant',
    '30 days.',
    '01930000-0000-7000-8000-00000000e001'
);

INSERT INTO assistant.response (
    response_id,
    organisation_id,
    owner_id,
    asker_id,
    asker_kind,
    conversation_id,
    message_id,
    status,
    is_stored,
    model,
    parameters,
    messages,
    input_items,
    surface,
    reserved_tokens,
    input_tokens,
    output_tokens,
    last_sequence,
    started_at,
    finished_at
)
VALUES
(
    '01930000-0000-7000-8000-00000000e001',
    '01930000-0000-7000-8000-000000000001',
    '01930000-0000-7000-8000-0000000000a1',
    '01930000-0000-7000-8000-0000000000a1',
    'account',
    '01930000-0000-7000-8000-00000000c001',
    '01930000-0000-7000-8000-00000000d002',
    'completed',
    true,
    'smollm2-135m-instruct',
    '{}',
    '[{"role":"user","text":"How long is the refund window?"}]',
    '[]',
    '{}',
    0,
    8,
    3,
    0,
    now(),
    now()
),
(
    '01930000-0000-7000-8000-00000000e002',
    '01930000-0000-7000-8000-000000000001',
    '01930000-0000-7000-8000-000000000001',
    '01930000-0000-7000-8000-0000000000a2',
    'api_key',
    NULL,
    '01930000-0000-7000-8000-00000000d003',
    'queued',
    true,
    'smollm2-135m-instruct',
    '{}',
    '[{"role":"user","text":"Hello"}]',
    '[]',
    '{}',
    512,
    1,
    0,
    -1,
    NULL,
    NULL
);

INSERT INTO assistant.event (response_id, sequence, type, payload)
VALUES (
    '01930000-0000-7000-8000-00000000e001',
    0,
    'response.created',
    '{"response":{"id":"resp_01jc0000000000000000000e01","status":"queued"}}'
);

INSERT INTO assistant.token_budget (asker_id, organisation_id, available, refilled_at)
VALUES ('01930000-0000-7000-8000-0000000000a2', '01930000-0000-7000-8000-000000000001', 199488, now());

INSERT INTO assistant.usage (
    organisation_id, asker_id, asker_kind, day, model, responses, input_tokens, output_tokens
)
VALUES (
    '01930000-0000-7000-8000-000000000001',
    '01930000-0000-7000-8000-0000000000a1',
    'account',
    '2026-11-27',
    'smollm2-135m-instruct',
    1,
    8,
    3
);
