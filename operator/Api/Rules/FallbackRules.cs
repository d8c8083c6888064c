using System.Text.RegularExpressions;
using AgentReadiness.Api.Resources;
using AgentReadiness.Readiness;
using AgentReadiness.Readiness.Checks;

namespace AgentReadiness.Api.Rules;

/// <summary>The rules on fallbacks of upstreams.</summary>
internal static partial class FallbackRules
{
    /// <param name="upstream">The upstream that has one.</param>
    /// <param name="guardrails">All that is declared beside it.</param>
    /// <param name="field">The upstream's field.</param>
    /// <param name="findings">Takes what is found.</param>
    public static void Check(Upstream upstream, GuardrailsSpec guardrails, string field, FindingList findings)
    {
        if (upstream.Fallback is not { } fallback)
            return;
        CheckTarget(upstream, fallback, guardrails, what => Add(".upstream", what));
        if (fallback.Models.Count > FallbackSpec.MostModels)
            Add(".models", $"has more than {FallbackSpec.MostModels} models");
        var allow = guardrails.Models?.Allow ?? [];
        foreach (var (from, to) in fallback.Models)
        {
            foreach (var model in (string[])[from, to])
            {
                if (!ModelName().IsMatch(model))
                    Add(".models", $"\"{model}\" is no name of a model: letters, digits and -._:/@+, beginning with a letter or a digit");
                else if (allow.Count > 0 && !allow.Exists(pattern => Fits(pattern, model)))
                    Add(".models", $"\"{model}\" is not in guardrails.models.allow: add it there, or take it out here");
            }
            if (upstream.Format == UpstreamFormat.Gemini && to.Contains(':', StringComparison.Ordinal))
                Add(".models", $"\"{to}\" has a colon, which in Gemini's path separates the model from what is asked of it");
        }
        void Add(string member, string what) => findings.Add(ReliabilityChecks.Fallback, $"{field}.fallback{member}", what);
    }

    private static void CheckTarget(Upstream upstream, FallbackSpec fallback, GuardrailsSpec guardrails, Action<string> add)
    {
        if (fallback.Upstream == upstream.Name)
            add($"\"{fallback.Upstream}\" is the upstream itself: name another one");
        else if (guardrails.Upstreams.Find(other => other.Name == fallback.Upstream) is not { } target)
            add($"\"{fallback.Upstream}\" is not declared in guardrails.upstreams");
        else if (target.Format != upstream.Format)
            add($"\"{target.Name}\" has the format {target.Format}, not {upstream.Format}: a call can only go where its format is spoken");
        else if (target.Format is UpstreamFormat.MCP or UpstreamFormat.HTTP)
            add($"\"{target.Name}\" is a tool: only calls of models have a fallback");
    }

    // As the guardrail reads it: exact, or with "*" for any run of characters.
    private static bool Fits(string pattern, string model) =>
        Regex.IsMatch(
            model,
            "^" + Regex.Escape(pattern).Replace("\\*", ".*", StringComparison.Ordinal) + "$",
            RegexOptions.CultureInvariant | RegexOptions.Singleline | RegexOptions.NonBacktracking
        );

    [GeneratedRegex(FallbackSpec.ModelPattern)]
    private static partial Regex ModelName();
}
