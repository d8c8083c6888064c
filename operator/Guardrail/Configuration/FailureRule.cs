using System.Text.Json;
using System.Text.RegularExpressions;
using AgentReadiness.Contracts;
using AgentReadiness.Contracts.Guardrail;
using AgentReadiness.Guardrail.Formats;

namespace AgentReadiness.Guardrail.Configuration;

/// <summary>A <see cref="ToolFailureRule"/>, read. Pure.</summary>
internal sealed class FailureRule
{
    /// <summary>Of a text, so many characters are looked at.</summary>
    public const int LongestText = 64 * 1024;

    private readonly NamePatterns tools;
    private readonly Regex? pattern;
    private readonly MemberPath? path;
    private readonly string? value;

    /// <param name="rule">As the configuration has it.</param>
    /// <param name="field">Its name there.</param>
    /// <exception cref="FormatException">It cannot be used.</exception>
    public FailureRule(ToolFailureRule rule, string field)
    {
        if ((rule.Pattern is null ? 0 : 1) + (rule.Path is null ? 0 : 1) + (rule.Empty ? 1 : 0) != 1)
            throw new FormatException($"{field} must have one of pattern, path and empty");
        if (rule is { Value: not null, Path: null })
            throw new FormatException($"{field}.value needs a path");
        if (rule.Tool.Length == 0)
            throw new FormatException($"{field}.tool is empty");
        tools = new NamePatterns([rule.Tool]);
        if (rule.Pattern is { } text)
            pattern = BoundedPattern.TryCreate(text, out var why) ?? throw new FormatException($"{field}.pattern {why}");
        if (rule.Path is { } way)
            path = MemberPath.TryParse(way) ?? throw new FormatException($"{field}.path: \"{way}\" is no path");
        (value, IsEmpty) = (rule.Value, rule.Empty);
    }

    /// <summary>It takes answers with nothing in them.</summary>
    public bool IsEmpty { get; }

    /// <summary>It is about this tool.</summary>
    public bool IsOf(string tool) => tools.Allow(tool);

    /// <summary>Whether an answer is a failure.</summary>
    public bool Takes(ToolContent content)
    {
        if (IsEmpty)
            return content.IsEmpty;
        if (pattern is not null)
            return content.Texts.Any(text => pattern.IsMatch(text.AsSpan(0, Math.Min(text.Length, LongestText))));
        return content.Documents.Any(document => path!.Any(document, IsWanted));
    }

    private bool IsWanted(JsonElement found) =>
        value is null
            ? ToolContent.IsSet(found)
            : found.ValueKind switch
            {
                JsonValueKind.String => ToolContent.Plain(found) == value,
                JsonValueKind.Number or JsonValueKind.True or JsonValueKind.False or JsonValueKind.Null => found.GetRawText() == value,
                _ => false,
            };
}
