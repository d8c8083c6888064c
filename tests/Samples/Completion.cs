using System.Text.Json;
using AgentReadiness.Samples.Provider;

namespace AgentReadiness.Samples;

/// <summary>One Chat Completions answer, whole or in events.</summary>
internal sealed class Completion(Turn turn, bool includeUsage, bool azure)
{
    private readonly string id = $"chatcmpl-{turn.Id}";
    private readonly Thought thought = turn.Thought;
    private readonly string finish = turn.Finish switch
    {
        Finish.Stop => "stop",
        Finish.Tool => "tool_calls",
        _ => "length",
    };
    private readonly int choices = turn.Ask.Choices;
    private readonly bool saysUsage = !turn.Orders.NoUsage;

    /// <summary>The whole answer as JSON.</summary>
    public byte[] ToJson() =>
        Object(
            "chat.completion",
            writer =>
            {
                writer.WriteStartArray("choices");
                for (var i = 0; i < choices; i++)
                {
                    writer.WriteStartObject();
                    writer.WriteNumber("index", i);
                    writer.WriteStartObject("message");
                    writer.WriteString("role", "assistant");
                    writer.WriteString("content", thought.Text);
                    writer.WriteNull("refusal");
                    if (thought.ToolName is not null)
                        WriteToolCall(writer, i, thought.ToolArguments!, first: true, index: false);
                    writer.WriteEndObject();
                    writer.WriteNull("logprobs");
                    writer.WriteString("finish_reason", finish);
                    writer.WriteEndObject();
                }
                writer.WriteEndArray();
                if (azure)
                    WriteFilter(writer);
                if (saysUsage)
                    WriteUsage(writer);
            }
        );

    /// <summary>The answer as events, the last one [DONE].</summary>
    public List<SseEvent> Events()
    {
        var list = new List<SseEvent>();
        // Azure begins with an event about the prompt that has no model, no id and no choice.
        if (azure)
            list.Add(
                new SseEvent(
                    null,
                    """{"choices":[],"created":0,"id":"","model":"","object":"","prompt_filter_results":[{"prompt_index":0"""
                        + ""","content_filter_results":{}}]}"""
                )
            );
        for (var choice = 0; choice < choices; choice++)
        {
            var index = choice;
            list.Add(
                Chunk(
                    index,
                    null,
                    writer =>
                    {
                        writer.WriteString("role", "assistant");
                        writer.WriteString("content", thought.ToolName is null ? "" : null);
                        if (thought.ToolName is not null)
                            WriteToolCall(writer, index, "", first: true, index: true);
                        writer.WriteNull("refusal");
                    }
                )
            );
            foreach (var piece in turn.Pieces)
            {
                list.Add(
                    Chunk(
                        index,
                        null,
                        writer =>
                        {
                            if (thought.ToolName is null)
                                writer.WriteString("content", piece);
                            else
                                WriteToolCall(writer, index, piece, first: false, index: true);
                        }
                    )
                );
            }
            list.Add(Chunk(index, finish, _ => { }));
        }
        if (includeUsage && saysUsage)
        {
            list.Add(
                new SseEvent(
                    null,
                    Object(
                        "chat.completion.chunk",
                        writer =>
                        {
                            writer.WriteStartArray("choices");
                            writer.WriteEndArray();
                            WriteUsage(writer);
                        }
                    )
                )
            );
        }
        list.Add(new SseEvent(null, "[DONE]"));
        return list;
    }

    private SseEvent Chunk(int choice, string? reason, Action<Utf8JsonWriter> delta) =>
        new(
            null,
            Object(
                "chat.completion.chunk",
                writer =>
                {
                    writer.WriteStartArray("choices");
                    writer.WriteStartObject();
                    writer.WriteNumber("index", choice);
                    writer.WriteStartObject("delta");
                    delta(writer);
                    writer.WriteEndObject();
                    writer.WriteNull("logprobs");
                    writer.WriteString("finish_reason", reason);
                    writer.WriteEndObject();
                    writer.WriteEndArray();
                    if (includeUsage)
                        writer.WriteNull("usage");
                }
            )
        );

    private byte[] Object(string kind, Action<Utf8JsonWriter> content)
    {
        using var buffer = new MemoryStream();
        using (var writer = new Utf8JsonWriter(buffer))
        {
            writer.WriteStartObject();
            writer.WriteString("id", id);
            writer.WriteString("object", kind);
            writer.WriteNumber("created", turn.At.ToUnixTimeSeconds());
            writer.WriteString("model", turn.Model);
            writer.WriteString("service_tier", turn.Orders.Tier ?? "default");
            content(writer);
            writer.WriteEndObject();
        }
        return buffer.ToArray();
    }

    private void WriteToolCall(Utf8JsonWriter writer, int choice, string arguments, bool first, bool index)
    {
        writer.WriteStartArray("tool_calls");
        writer.WriteStartObject();
        if (index)
            writer.WriteNumber("index", 0);
        if (first)
        {
            writer.WriteString("id", $"call_{turn.Id}_{choice}");
            writer.WriteString("type", "function");
        }
        writer.WriteStartObject("function");
        if (first)
            writer.WriteString("name", thought.ToolName);
        writer.WriteString("arguments", arguments);
        writer.WriteEndObject();
        writer.WriteEndObject();
        writer.WriteEndArray();
    }

    private static void WriteFilter(Utf8JsonWriter writer)
    {
        writer.WritePropertyName("prompt_filter_results");
        writer.WriteRawValue("""[{"prompt_index":0,"content_filter_results":{}}]""");
    }

    private void WriteUsage(Utf8JsonWriter writer)
    {
        var usage = turn.Usage;
        writer.WriteStartObject("usage");
        writer.WriteNumber("prompt_tokens", usage.Prompt);
        writer.WriteNumber("completion_tokens", usage.Completion);
        writer.WriteNumber("total_tokens", usage.Prompt + usage.Completion);
        writer.WriteStartObject("prompt_tokens_details");
        writer.WriteNumber("cached_tokens", usage.Cached);
        writer.WriteNumber("cache_write_tokens", usage.Write5m);
        writer.WriteNumber("audio_tokens", usage.AudioIn);
        writer.WriteEndObject();
        writer.WriteStartObject("completion_tokens_details");
        writer.WriteNumber("reasoning_tokens", usage.Reasoning);
        writer.WriteNumber("audio_tokens", 0);
        writer.WriteNumber("accepted_prediction_tokens", 0);
        writer.WriteNumber("rejected_prediction_tokens", 0);
        writer.WriteEndObject();
        writer.WriteEndObject();
    }
}

/// <summary>
/// OpenAI Chat Completions, and Azure's: there a deployment is asked, in the path or as the model, and the model behind it answers.
/// </summary>
internal sealed class ChatFormat(bool azure = false, string? deployment = null) : OpenAIFormat
{
    public override string Endpoint => "chat";

    public override Bills Bills => Bills.CachesItself | Bills.Writes | Bills.Audio;

    public override Ask Read(JsonElement request)
    {
        Need(request, deployment is null ? "model" : "messages", "messages");
        var ask = Chat.Read(request);
        return azure ? ask with { Model = Models.Behind(deployment ?? ask.Model) } : ask;
    }

    public override Reply Answer(Turn turn, JsonElement request)
    {
        var include = turn.Ask.Stream && request.Get("stream_options").Truth("include_usage");
        var completion = new Completion(turn, include, azure);
        return turn.Ask.Stream ? Reply.Stream(completion.Events(), Failure(500)) : new Reply(completion.ToJson());
    }
}
