using System.Collections.Concurrent;

namespace AgentReadiness.Controller.Shared;

/// <summary>
/// One string for texts that repeat on thousands of objects. It never holds more than a fixed number of them: tenants choose some of these
/// texts, and an object that is gone must not leave anything behind for ever.
/// </summary>
internal static class TextPool
{
    private const int MostTexts = 20_000;
    private const int LongestText = 128;

    private static readonly ConcurrentDictionary<string, string> Texts = new(StringComparer.Ordinal);
    private static int count;

    /// <summary>The same text; the same string too, as long as there is room for it.</summary>
    public static string Of(string text)
    {
        if (text.Length > LongestText)
            return text;
        if (Texts.TryGetValue(text, out var known))
            return known;
        if (Volatile.Read(ref count) < MostTexts && Texts.TryAdd(text, text))
            Interlocked.Increment(ref count);
        return text;
    }
}
