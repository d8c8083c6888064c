using System.Text.Json;

namespace AgentReadiness.EvalRunner.Grading;

/// <summary>JSON in an answer: alone, or in a fence.</summary>
internal static class JsonAnswer
{
    private static readonly JsonDocumentOptions Strict = new() { MaxDepth = 64, AllowDuplicateProperties = false };

    /// <summary>The JSON, which has no member twice; null where the answer is none. It is the caller's to dispose.</summary>
    public static JsonDocument? Parse(string answer)
    {
        try
        {
            return JsonDocument.Parse(Unfence(answer), Strict);
        }
        catch (Exception exception) when (exception is JsonException or InvalidOperationException)
        {
            // InvalidOperationException: a name that is no Unicode text.
            return null;
        }
    }

    /// <summary>The content of the first fence marked json (or of a first unmarked one), else the whole text.</summary>
    public static string Unfence(string answer)
    {
        var open = answer.IndexOf("```json", StringComparison.OrdinalIgnoreCase);
        var start = open + "```json".Length;
        if (open < 0)
        {
            open = answer.IndexOf("```", StringComparison.Ordinal);
            start = open + "```".Length;
        }
        // JSON itself may hold a fence in a string.
        if (open < 0 || answer.AsSpan().TrimStart() is ['{' or '[' or '"', ..])
            return answer.Trim();
        var end = answer.IndexOf("\n```", start, StringComparison.Ordinal);
        if (end < 0)
            end = answer.IndexOf("```", start, StringComparison.Ordinal);
        return (end < 0 ? answer[start..] : answer[start..end]).Trim();
    }
}
