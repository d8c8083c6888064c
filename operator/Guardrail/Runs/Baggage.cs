using Microsoft.Extensions.Primitives;

namespace AgentReadiness.Guardrail.Runs;

/// <summary>W3C Baggage, as far as it is read here: the value of one key. Pure; what is malformed is not there.</summary>
internal static class Baggage
{
    /// <summary>The key that names a run.</summary>
    public const string RunKey = "agent.run.id";

    /// <summary>The header without the members of some keys, the others as they are; null where none is left.</summary>
    public static string? Without(StringValues header, Func<string, bool> drops)
    {
        List<string> kept = [];
        foreach (var line in header)
        {
            foreach (var member in (line ?? "").Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries))
            {
                var key = member.Split('=', ';')[0].Trim();
                if (!drops(key))
                    kept.Add(member);
            }
        }
        return kept.Count == 0 ? null : string.Join(',', kept);
    }

    /// <summary>
    /// The value of the first member of a key, still percent-encoded and without its properties; null where there is none.
    /// </summary>
    public static string? Find(StringValues header, string key)
    {
        for (var i = 0; i < header.Count; i++)
        {
            var text = header[i].AsSpan();
            foreach (var range in text.Split(','))
            {
                var member = text[range];
                var equals = member.IndexOf('=');
                if (equals <= 0 || !member[..equals].Trim().SequenceEqual(key))
                    continue;
                var value = member[(equals + 1)..];
                var properties = value.IndexOf(';');
                return (properties < 0 ? value : value[..properties]).Trim().ToString();
            }
        }
        return null;
    }
}
