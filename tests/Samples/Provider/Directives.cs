using System.Globalization;
using System.Text.RegularExpressions;

namespace AgentReadiness.Samples.Provider;

/// <summary>
/// Orders that a test gives to the sample provider, in the last user message: [[name]] or [[name=value]]. The last of a name counts.
/// </summary>
public sealed partial record Directives
{
    private readonly Dictionary<string, string> values = [];

    private Directives() { }

    /// <summary>The wait before the first byte: [[latency=20ms]], [[latency=2s]].</summary>
    public TimeSpan Latency => Time("latency");

    /// <summary>The wait between two chunks.</summary>
    public TimeSpan Pace => Time("pace");

    /// <summary>The exact number of output tokens of the text, as far as the limit allows.</summary>
    public int? Tokens => (int?)Number("tokens");

    /// <summary>An error status instead of an answer.</summary>
    public int? Status => (int?)Number("status");

    /// <summary>Only the first N requests of this text get the error status, 500 where none is given.</summary>
    public int? FailFirst => (int?)Number("fail_first");

    /// <summary>Retry-After of an error answer, in seconds; may be any text.</summary>
    public string? RetryAfter => Text("retry_after");

    /// <summary>The connection is cut in the middle of the answer, what was sent before arrives.</summary>
    public bool Cut => Has("cut");

    /// <summary>The connection is reset in the middle of the answer, at once.</summary>
    public bool Reset => Has("reset");

    /// <summary>HTTP/1.1: the connection ends with the answer, and no other call comes over it.</summary>
    public bool Close => Has("close");

    /// <summary>Half of the answer, then nothing until the client goes.</summary>
    public bool Stall => Has("stall");

    /// <summary>A stream that breaks with the format's own error event, and HTTP 200.</summary>
    public bool Failed => Has("failed");

    /// <summary>Where tools are offered, always another tool call.</summary>
    public bool Loop => Has("loop");

    /// <summary>Input tokens from the cache.</summary>
    public long? Cached => Number("cached");

    /// <summary>Input tokens written to the cache, for 5 minutes.</summary>
    public long CacheWrite => Number("cache_write") ?? 0;

    /// <summary>Input tokens written to the cache, for an hour.</summary>
    public long CacheWriteHour => Number("cache_write_1h") ?? 0;

    /// <summary>Reasoning tokens.</summary>
    public long Thinking => Number("thinking") ?? 0;

    /// <summary>Web searches that the provider does by itself.</summary>
    public int WebSearches => (int)(Number("web_search") ?? 0);

    /// <summary>Input tokens that are audio.</summary>
    public long AudioIn => Number("audio_in") ?? 0;

    /// <summary>Gemini: input tokens of the provider's own tools, beside the prompt's.</summary>
    public long ToolPrompt => Number("tool_prompt") ?? 0;

    /// <summary>A lie: so many output tokens more than the limit allows, said and billed.</summary>
    public long Overshoot => Number("overshoot") ?? 0;

    /// <summary>A lie: no usage in the answer, and a bill all the same.</summary>
    public bool NoUsage => Has("no_usage");

    /// <summary>A lie: another model answers, and is billed.</summary>
    public string? AnswerModel => Text("answer_model");

    /// <summary>The service tier that the answer names, and the bill.</summary>
    public string? Tier => Text("tier");

    /// <summary>Anthropic: the last usage of a stream says so many uncached input tokens, whatever the first one said.</summary>
    public long? CorrectInput => Number("correct_input");

    /// <summary>How many reads of a background response find it in progress; 1 where not set.</summary>
    public long Reads => Number("reads") ?? 1;

    /// <summary>Lines of events end with CRLF.</summary>
    public bool CrLf => Has("crlf");

    /// <summary>No space after the colon of an event's field.</summary>
    public bool NoSpace => Has("nospace");

    /// <summary>Comment lines between the events, and pings where the format has them.</summary>
    public bool Comments => Has("comments");

    /// <summary>
    /// Blank lines between the events; [[empty_events=data]]: events whose data is empty, which the clients of OpenAI and Gemini take for
    /// broken JSON.
    /// </summary>
    public string? EmptyEvents => values.GetValueOrDefault("empty_events");

    /// <summary>One event, or the whole answer, grows by so many KiB.</summary>
    public int BigEvent => (int)(Number("big_event") ?? 0);

    /// <summary>Each byte is written and flushed on its own.</summary>
    public bool Bytewise => Has("bytewise");

    /// <summary>The answer is compressed, whatever the client accepts.</summary>
    public bool Gzip => Has("gzip");

    /// <summary>Another content type than the answer's own.</summary>
    public string? ContentType => Text("content_type");

    /// <summary>Reads the directives of a text.</summary>
    public static Directives Parse(string text)
    {
        var directives = new Directives();
        foreach (Match match in Pattern().Matches(text))
            directives.values[match.Groups[1].Value] = match.Groups[2].Value;
        return directives;
    }

    /// <summary>The text without its directives.</summary>
    public static string Strip(string text) => Pattern().Replace(text, "").Trim();

    private bool Has(string name) => values.ContainsKey(name);

    private string? Text(string name) => values.GetValueOrDefault(name) is { Length: > 0 } value ? value : null;

    private long? Number(string name) =>
        long.TryParse(Text(name), NumberStyles.None, CultureInfo.InvariantCulture, out var value) ? value : null;

    private TimeSpan Time(string name)
    {
        var value = Text(name) ?? "";
        var milliseconds = value.EndsWith("ms", StringComparison.Ordinal);
        return !double.TryParse(value.TrimEnd('s', 'm'), CultureInfo.InvariantCulture, out var number) ? TimeSpan.Zero
            : milliseconds ? TimeSpan.FromMilliseconds(number)
            : TimeSpan.FromSeconds(number);
    }

    [GeneratedRegex(@"\[\[(\w+)(?:=([\w.:/+;= -]*))?\]\]")]
    private static partial Regex Pattern();
}
