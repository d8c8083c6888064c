using System.Text.Json;

namespace AgentReadiness.Samples;

/// <summary>One answer of the sample provider, whole or in chunks.</summary>
public sealed class Completion
{
    private const int BytesPerChunk = 16;
    private static long lastId;

    private readonly string id;
    private readonly long created;
    private readonly string model;
    private readonly Thought thought;
    private readonly string finish;
    private readonly bool includeUsage;
    private readonly int choices;

    private Completion(string model, Thought thought, string finish, SampleUsage usage, bool stream, bool includeUsage, int choices, long created)
    {
        (this.model, this.thought, this.finish, this.includeUsage, this.choices, this.created) = (model, thought, finish, includeUsage, choices, created);
        id = $"chatcmpl-{Interlocked.Increment(ref lastId):x12}";
        Usage = usage;
        Stream = stream;
    }

    /// <summary>What it costs.</summary>
    public SampleUsage Usage { get; }

    /// <summary>The client asked for a stream.</summary>
    public bool Stream { get; }

    /// <summary>Answers a request.</summary>
    public static Completion Of(JsonElement request, Directives directives, TimeProvider time)
    {
        var thought = Brain.Think(request, directives);
        var limit = Limit(request, "max_completion_tokens") ?? Limit(request, "max_tokens") ?? 16_384;
        var finish = thought.ToolName is null ? "stop" : "tool_calls";
        var text = thought.Text ?? thought.ToolArguments!;
        if (SampleUsage.Tokens(text) > limit)
        {
            // The texts are ASCII, so that 4 characters are a token.
            text = text[..(int)(limit * 4)];
            thought = thought.ToolName is null ? thought with { Text = text } : thought with { ToolArguments = text };
            finish = "length";
        }
        var n = (int)(Limit(request, "n") ?? 1);
        var stream = request.TryGetProperty("stream", out var s) && s.ValueKind == JsonValueKind.True;
        var include = stream && request.TryGetProperty("stream_options", out var options) && options.ValueKind == JsonValueKind.Object
            && options.TryGetProperty("include_usage", out var wanted) && wanted.ValueKind == JsonValueKind.True;
        var usage = SampleUsage.Of(SampleUsage.PromptTokens(request), SampleUsage.Tokens(text) * n);
        return new Completion(request.GetProperty("model").GetString()!, thought, finish, usage, stream, include, n, time.GetUtcNow().ToUnixTimeSeconds());
    }

    /// <summary>The whole answer as JSON.</summary>
    public byte[] ToJson() => Object("chat.completion", writer =>
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
        WriteUsage(writer);
    });

    /// <summary>The answer as events, the last one [DONE].</summary>
    public List<byte[]> Chunks()
    {
        var list = new List<byte[]>();
        var text = thought.Text ?? thought.ToolArguments!;
        for (var choice = 0; choice < choices; choice++)
        {
            var index = choice;
            list.Add(Chunk(index, null, writer =>
            {
                writer.WriteString("role", "assistant");
                writer.WriteString("content", thought.ToolName is null ? "" : null);
                if (thought.ToolName is not null)
                    WriteToolCall(writer, index, "", first: true, index: true);
                writer.WriteNull("refusal");
            }));
            foreach (var part in text.Chunk(BytesPerChunk))
            {
                var piece = new string(part);
                list.Add(Chunk(index, null, writer =>
                {
                    if (thought.ToolName is null)
                        writer.WriteString("content", piece);
                    else
                        WriteToolCall(writer, index, piece, first: false, index: true);
                }));
            }
            list.Add(Chunk(index, finish, _ => { }));
        }
        if (includeUsage)
        {
            list.Add(Event(Object("chat.completion.chunk", writer =>
            {
                writer.WriteStartArray("choices");
                writer.WriteEndArray();
                WriteUsage(writer);
            })));
        }
        list.Add("data: [DONE]\n\n"u8.ToArray());
        return list;
    }

    private static long? Limit(JsonElement request, string name) =>
        request.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.Number ? value.GetInt64() : null;

    private static byte[] Event(byte[] json) => [.. "data: "u8, .. json, .. "\n\n"u8];

    private byte[] Chunk(int choice, string? reason, Action<Utf8JsonWriter> delta) => Event(Object("chat.completion.chunk", writer =>
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
    }));

    private byte[] Object(string kind, Action<Utf8JsonWriter> content)
    {
        using var buffer = new MemoryStream();
        using (var writer = new Utf8JsonWriter(buffer))
        {
            writer.WriteStartObject();
            writer.WriteString("id", id);
            writer.WriteString("object", kind);
            writer.WriteNumber("created", created);
            writer.WriteString("model", model);
            writer.WriteString("service_tier", "default");
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
            writer.WriteString("id", $"call_{id[9..]}_{choice}");
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

    private void WriteUsage(Utf8JsonWriter writer)
    {
        writer.WriteStartObject("usage");
        writer.WriteNumber("prompt_tokens", Usage.Prompt);
        writer.WriteNumber("completion_tokens", Usage.Completion);
        writer.WriteNumber("total_tokens", Usage.Prompt + Usage.Completion);
        writer.WriteStartObject("prompt_tokens_details");
        writer.WriteNumber("cached_tokens", Usage.Cached);
        writer.WriteNumber("audio_tokens", 0);
        writer.WriteEndObject();
        writer.WriteStartObject("completion_tokens_details");
        writer.WriteNumber("reasoning_tokens", 0);
        writer.WriteNumber("audio_tokens", 0);
        writer.WriteNumber("accepted_prediction_tokens", 0);
        writer.WriteNumber("rejected_prediction_tokens", 0);
        writer.WriteEndObject();
        writer.WriteEndObject();
    }
}
