using System.Text;
using System.Text.Json;

namespace AgentReadiness.Samples;

/// <summary>
/// The sample provider's way to count, the same for everyone who reads it: a token is 4 bytes of UTF-8, rounded up for each text; a message adds 4
/// tokens, the tools add one per 4 bytes of their JSON; from 1,024 input tokens on, half of them (rounded down to 128) come from the cache.
/// </summary>
/// <param name="Prompt">Input tokens, cached ones included.</param>
/// <param name="Cached">Input tokens from the cache.</param>
/// <param name="Completion">Output tokens of all choices.</param>
public readonly record struct SampleUsage(long Prompt, long Cached, long Completion)
{
    /// <summary>Tokens of a text.</summary>
    public static long Tokens(string text) => (Encoding.UTF8.GetByteCount(text) + 3) / 4;

    /// <summary>Input tokens of a request.</summary>
    public static long PromptTokens(JsonElement request)
    {
        var total = 0L;
        foreach (var message in request.GetProperty("messages").EnumerateArray())
        {
            total += 4 + Tokens(Chat.Text(message));
            if (message.TryGetProperty("tool_calls", out var calls) && calls.ValueKind == JsonValueKind.Array)
                total += Tokens(calls.GetRawText());
        }
        if (request.TryGetProperty("tools", out var tools) && tools.ValueKind == JsonValueKind.Array)
            total += Tokens(tools.GetRawText());
        return total;
    }

    /// <summary>The usage of one call.</summary>
    public static SampleUsage Of(long prompt, long completion) => new(prompt, prompt >= 1024 ? prompt / 2 / 128 * 128 : 0, completion);
}

/// <summary>Reads Chat Completions messages.</summary>
public static class Chat
{
    /// <summary>The text of a message: a string, or all text parts.</summary>
    public static string Text(JsonElement message)
    {
        if (!message.TryGetProperty("content", out var content))
            return "";
        return content.ValueKind switch
        {
            JsonValueKind.String => content.GetString()!,
            JsonValueKind.Array => string.Concat(content.EnumerateArray().Select(p => p.TryGetProperty("text", out var t) ? t.GetString() : "")),
            _ => "",
        };
    }

    /// <summary>The role of a message.</summary>
    public static string Role(JsonElement message) => message.GetProperty("role").GetString()!;
}

/// <summary>What a provider has served, as it would bill it.</summary>
public sealed class Witness
{
    private readonly Lock gate = new();
    private readonly Dictionary<string, Dictionary<string, SampleCount>> byModel = new() { ["completed"] = [], ["aborted"] = [] };
    private readonly Dictionary<string, Dictionary<string, SampleCount>> byKey = new() { ["completed"] = [], ["aborted"] = [] };
    private long refused;

    /// <summary>Books a call. Completed: every byte of the answer was written.</summary>
    public void Count(bool completed, string key, string model, SampleUsage usage)
    {
        var kind = completed ? "completed" : "aborted";
        lock (gate)
        {
            byModel[kind][model] = byModel[kind].GetValueOrDefault(model).Plus(usage);
            byKey[kind][key] = byKey[kind].GetValueOrDefault(key).Plus(usage);
        }
    }

    /// <summary>Books a call that was answered with an error, and not billed.</summary>
    public void Refuse()
    {
        lock (gate)
            refused++;
    }

    /// <summary>The sum over all models.</summary>
    public SampleCount Total(bool completed)
    {
        lock (gate)
            return byModel[completed ? "completed" : "aborted"].Values.Aggregate(default(SampleCount), (a, b) => a.Plus(b));
    }

    /// <summary>Writes all as JSON.</summary>
    public byte[] ToJson()
    {
        using var buffer = new MemoryStream();
        using (var writer = new Utf8JsonWriter(buffer))
        {
            lock (gate)
            {
                writer.WriteStartObject();
                foreach (var kind in byModel.Keys)
                {
                    writer.WriteStartObject(kind);
                    byModel[kind].Values.Aggregate(default(SampleCount), (a, b) => a.Plus(b)).Write(writer);
                    Groups(writer, "by_model", byModel[kind]);
                    Groups(writer, "by_key", byKey[kind]);
                    writer.WriteEndObject();
                }
                writer.WriteNumber("refused", refused);
                writer.WriteEndObject();
            }
        }
        return buffer.ToArray();
    }

    private static void Groups(Utf8JsonWriter writer, string name, Dictionary<string, SampleCount> groups)
    {
        writer.WriteStartObject(name);
        foreach (var (key, count) in groups)
        {
            writer.WriteStartObject(key);
            count.Write(writer);
            writer.WriteEndObject();
        }
        writer.WriteEndObject();
    }
}

/// <summary>Calls and their tokens.</summary>
public readonly record struct SampleCount(long Calls, long Prompt, long Cached, long Completion)
{
    /// <summary>One call more.</summary>
    public SampleCount Plus(SampleUsage usage) => new(Calls + 1, Prompt + usage.Prompt, Cached + usage.Cached, Completion + usage.Completion);

    /// <summary>The sum.</summary>
    public SampleCount Plus(SampleCount other) => new(Calls + other.Calls, Prompt + other.Prompt, Cached + other.Cached, Completion + other.Completion);

    internal void Write(Utf8JsonWriter writer)
    {
        writer.WriteNumber("calls", Calls);
        writer.WriteNumber("prompt_tokens", Prompt);
        writer.WriteNumber("cached_tokens", Cached);
        writer.WriteNumber("completion_tokens", Completion);
    }
}
