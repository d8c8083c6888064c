using System.Text;
using System.Text.Json;
using AgentReadiness.Samples.Provider;

namespace AgentReadiness.Samples;

/// <summary>
/// The sample provider's way to count, the same for everyone who reads it: a token is 4 bytes of UTF-8, rounded up for each text; a message
/// adds 4 tokens, the tools add one per 4 bytes of their JSON; from 1,024 input tokens on, half of them (rounded down to 128) come from the
/// cache, in the formats that cache by themselves. What directives say of the input is a part of it; an input that is too small for them
/// grows.
/// </summary>
/// <param name="Prompt">Input tokens, cached ones and those written to the cache included.</param>
/// <param name="Cached">Input tokens from the cache.</param>
/// <param name="Completion">Output tokens of all choices, reasoning included.</param>
public readonly record struct SampleUsage(long Prompt, long Cached, long Completion)
{
    /// <summary>Input tokens written to the cache for 5 minutes, or for the format's only time.</summary>
    public long Write5m { get; init; }

    /// <summary>Input tokens written to the cache for an hour.</summary>
    public long Write1h { get; init; }

    /// <summary>Output tokens that are reasoning.</summary>
    public long Reasoning { get; init; }

    /// <summary>Input tokens that are audio.</summary>
    public long AudioIn { get; init; }

    /// <summary>Input tokens of the provider's own tools, not in the prompt's.</summary>
    public long ToolPrompt { get; init; }

    /// <summary>Web searches.</summary>
    public int WebSearches { get; init; }

    /// <summary>Input tokens that the cache has nothing to do with.</summary>
    public long Fresh => Prompt - Cached - Write5m - Write1h;

    /// <summary>Tokens of a text.</summary>
    public static long Tokens(string text) => (Encoding.UTF8.GetByteCount(text) + 3) / 4;

    /// <summary>Tokens of a member's JSON, where it is an array.</summary>
    public static long Tokens(JsonElement owner, string name) =>
        owner.TryGetProperty(name, out var list) && list.ValueKind == JsonValueKind.Array ? Tokens(list.GetRawText()) : 0;

    /// <summary>The usage of one call.</summary>
    public static SampleUsage Of(long prompt, long completion, Directives orders, Bills bills)
    {
        var hour = bills.HasFlag(Bills.HourWrites) ? orders.CacheWriteHour : 0;
        var write = bills.HasFlag(Bills.Writes) ? orders.CacheWrite + orders.CacheWriteHour - hour : 0;
        var audio = bills.HasFlag(Bills.Audio) ? orders.AudioIn : 0;
        var itself =
            bills.HasFlag(Bills.CachesItself) && prompt >= 1024
                ? Math.Min(prompt / 2 / 128 * 128, Math.Max(0, prompt - write - hour - audio))
                : 0;
        var cached = orders.Cached ?? itself;
        return new SampleUsage(Math.Max(prompt, cached + write + hour + audio), cached, completion)
        {
            Write5m = write,
            Write1h = hour,
            AudioIn = audio,
            ToolPrompt = bills.HasFlag(Bills.ToolPrompt) ? orders.ToolPrompt : 0,
            WebSearches = orders.WebSearches,
        };
    }
}

/// <summary>Reads Chat Completions messages.</summary>
public static class Chat
{
    /// <summary>A request without its format.</summary>
    public static Ask Read(JsonElement request)
    {
        var messages = request.GetProperty("messages").EnumerateArray().ToList();
        var user = messages.FindLast(m => Role(m) == "user");
        return new Ask
        {
            Model = request.Text("model") ?? "",
            System = string.Join('\n', messages.Where(m => Role(m) is "system" or "developer").Select(Text)),
            Question = user.ValueKind == JsonValueKind.Object ? Text(user) : "",
            ToolResult = Role(messages[^1]) == "tool" ? Text(messages[^1]) : null,
            Tools =
            [
                .. request
                    .Items("tools")
                    .Where(t => t.Has("function"))
                    .Select(t => t.GetProperty("function").GetProperty("name").GetString()!),
            ],
            Input =
                messages.Sum(m => 4 + SampleUsage.Tokens(Text(m)) + SampleUsage.Tokens(m, "tool_calls"))
                + SampleUsage.Tokens(request, "tools"),
            Limit = request.Whole("max_completion_tokens") ?? request.Whole("max_tokens"),
            Stream = request.Truth("stream"),
            Choices = (int)(request.Whole("n") ?? 1),
        };
    }

    /// <summary>The text of a message: a string, or all text parts.</summary>
    public static string Text(JsonElement message) => message.TryGetProperty("content", out var content) ? content.Texts() : "";

    /// <summary>The role of a message.</summary>
    public static string Role(JsonElement message) => message.GetProperty("role").GetString()!;
}

/// <summary>Reads JSON that may lack what is looked for.</summary>
internal static class JsonReads
{
    public static bool Has(this JsonElement owner, string name) =>
        owner.ValueKind == JsonValueKind.Object && owner.TryGetProperty(name, out var value) && value.ValueKind != JsonValueKind.Null;

    public static JsonElement Get(this JsonElement owner, string name) => owner.Has(name) ? owner.GetProperty(name) : default;

    public static string? Text(this JsonElement owner, string name) =>
        owner.Get(name) is { ValueKind: JsonValueKind.String } value ? value.GetString() : null;

    public static long? Whole(this JsonElement owner, string name) =>
        owner.Get(name) is { ValueKind: JsonValueKind.Number } value ? value.GetInt64() : null;

    public static bool Truth(this JsonElement owner, string name) => owner.Get(name).ValueKind == JsonValueKind.True;

    public static IEnumerable<JsonElement> Items(this JsonElement owner, string name) =>
        owner.Get(name) is { ValueKind: JsonValueKind.Array } value ? value.EnumerateArray() : [];

    /// <summary>A string, or the texts of all parts that have one.</summary>
    public static string Texts(this JsonElement content) =>
        content.ValueKind switch
        {
            JsonValueKind.String => content.GetString()!,
            JsonValueKind.Array => string.Concat(content.EnumerateArray().Select(part => part.Text("text"))),
            _ => "",
        };
}
