"""The sample data of the assistant: two conversations, each with a question, and an answer that was cancelled."""

from assistant.assistant_api import AssistantApi
from sample_data import SampleContext, SampleData

SECRET_TEXT = "only-acme-knows-this"


async def make_sample_data(context: SampleContext) -> SampleData:
    """Have a message answered in two conversations, by two models, and cancel the answers."""
    api = AssistantApi(context.api.http, context.api.api_key)
    for model in ("first", "second"):
        conversation_id = await api.begin(SECRET_TEXT)
        sent = await api.send(conversation_id, SECRET_TEXT, model=model)
        response_id = sent["answer"]["response"]["response_id"]
        await api.cancel(response_id)
    (usage, _) = (await api.get("/assistant/usage"))["items"]
    return SampleData(
        ids={
            "conversation_id": conversation_id,
            "message_id": sent["message"]["message_id"],
            "response_id": response_id,
            # It isn't in a path, but in the list of what was used.
            "actor_id": usage["actor_id"],
        },
        secret_text=SECRET_TEXT,
        destroying=["delete_conversation"],
    )
