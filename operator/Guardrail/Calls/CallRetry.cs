using System.Globalization;
using System.Net.Http.Headers;
using AgentReadiness.Guardrail.Upstreams;

namespace AgentReadiness.Guardrail.Calls;

/// <summary>When a call is tried again. Pure but for the dice.</summary>
internal static class CallRetry
{
    // What asks for more is as good as never.
    private static readonly TimeSpan LongestAsked = TimeSpan.FromDays(1);

    /// <summary>The provider may well answer the same request better in a moment. 529 is Anthropic's "overloaded".</summary>
    public static bool Worthwhile(int status) => status is 408 or 409 or 429 or 500 or 502 or 503 or 504 or 529;

    /// <summary>
    /// What the answer asks to wait: Retry-After as a date or as seconds, with a fraction or without, or OpenAI's retry-after-ms, which is
    /// more exact. Null where it asks for nothing that can be read.
    /// </summary>
    public static TimeSpan? AskedFor(HttpResponseHeaders headers, DateTimeOffset now)
    {
        if (Number(headers, "retry-after-ms") is { } milliseconds)
            return TimeSpan.FromMilliseconds(Math.Min(milliseconds, LongestAsked.TotalMilliseconds));
        if (Number(headers, "Retry-After") is { } seconds)
            return TimeSpan.FromSeconds(Math.Min(seconds, LongestAsked.TotalSeconds));
        return headers.RetryAfter?.Date is not { } date ? null
            : date > now ? date - now
            : TimeSpan.Zero;
    }

    /// <summary>
    /// How long to wait before the next attempt: what the provider asks for, never less; else as <see cref="Backoff"/> says.
    /// </summary>
    /// <param name="attempt">The attempt that failed, from 1.</param>
    /// <param name="asked">What the provider asked for.</param>
    /// <param name="dice">0 to 1.</param>
    public static TimeSpan Delay(int attempt, TimeSpan? asked, double dice)
    {
        var delay = Backoff.Delay(attempt, dice);
        return asked > delay ? asked.Value : delay;
    }

    private static double? Number(HttpResponseHeaders headers, string name) =>
        headers.NonValidated.TryGetValues(name, out var values)
        && double.TryParse(values.ToString(), NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var number)
        && double.IsFinite(number)
            ? number
            : null;
}
