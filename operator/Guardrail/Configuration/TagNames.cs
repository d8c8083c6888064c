using AgentReadiness.Contracts;
using AgentReadiness.Guardrail.Formats;

namespace AgentReadiness.Guardrail.Configuration;

/// <summary>The tags that spend is told apart by, with the headers that carry them.</summary>
internal sealed class TagNames
{
    private readonly string[] headers;

    /// <param name="names">As the configuration has them.</param>
    /// <exception cref="FormatException">A name may not be one.</exception>
    public TagNames(IReadOnlyList<string> names)
    {
        if (
            names.Count > Attribution.MaxTags
            || names.FirstOrDefault(name => !Attribution.IsName(name)) is not null
            || names.Distinct().Count() != names.Count
        )
            throw new FormatException(
                $"attribution must list at most {Attribution.MaxTags} names of {Attribution.Pattern}, each once, and none of "
                    + $"{string.Join(", ", Attribution.Taken)}"
            );
        Names = names;
        headers = [.. names.Select(name => AgentHeaders.TagPrefix + name)];
    }

    /// <summary>The names.</summary>
    public IReadOnlyList<string> Names { get; }

    /// <summary>The headers, in the order of the names.</summary>
    public IReadOnlyList<string> Headers => headers;

    /// <summary>The header of the n-th one.</summary>
    public string Header(int index) => headers[index];
}
