using System.Text;
using AgentReadiness.Guardrail.Formats;

namespace AgentReadiness.Guardrail.Calls;

/// <summary>
/// The headers of an answer that are given again with it: what says what the body is, and where the thing is that was made.
/// </summary>
internal static class ReplayedHeaders
{
    /// <summary>The longest text of them that is kept, characters; beyond it headers are left out.</summary>
    public const int Longest = 2048;

    private static readonly string[] Kept =
    [
        "Content-Type",
        "Location",
        "Content-Disposition",
        "Content-Language",
        "Content-Location",
        "ETag",
        "Last-Modified",
        "Link",
    ];

    /// <summary>Those of an answer, a line each.</summary>
    public static string Of(IHeaderDictionary headers)
    {
        var text = new StringBuilder();
        foreach (var name in Kept)
        {
            foreach (var value in headers[name])
            {
                if (value is { Length: > 0 } && text.Length + name.Length + value.Length + 3 <= Longest)
                    text.Append(name).Append(": ").Append(value).Append('\n');
            }
        }
        return text.ToString();
    }

    /// <summary>Writes them to an answer.</summary>
    public static void Write(string text, IHeaderDictionary headers)
    {
        foreach (var line in text.Split('\n', StringSplitOptions.RemoveEmptyEntries))
        {
            if (line.Split(": ", 2) is [var name, var value] && Kept.Contains(name) && HeaderText.Passable(value) is { } passable)
                headers.Append(name, passable);
        }
    }
}
