using System.Text.RegularExpressions;

namespace AgentReadiness.Guardrail.Configuration;

/// <summary>Names, exact or with "*" for any run of characters; none: every name.</summary>
internal sealed class NamePatterns(IReadOnlyList<string> patterns)
{
    private readonly Regex[] all =
    [
        .. patterns.Select(p => new Regex(
            "^" + Regex.Escape(p).Replace("\\*", ".*", StringComparison.Ordinal) + "$",
            RegexOptions.CultureInvariant | RegexOptions.Singleline | RegexOptions.NonBacktracking
        )),
    ];

    /// <summary>Whether a name is one of them.</summary>
    public bool Allow(string name) => all.Length == 0 || Array.Exists(all, p => p.IsMatch(name));
}
