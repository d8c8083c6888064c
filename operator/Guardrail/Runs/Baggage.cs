using Microsoft.Extensions.Primitives;

namespace AgentReadiness.Guardrail.Runs;

/// <summary>W3C Baggage, as far as it is read here: the value of one key. Pure; what is malformed is not there.</summary>
internal static class Baggage
{
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
