using AgentReadiness.Api.Schema;

namespace AgentReadiness.Api.Resources;

/// <summary>
/// Where calls of a model go that their upstream does not answer: its circuit breaker is open, or their attempts on it are used up by a
/// failure that another provider may not have. One hop, and only of calls that lean on nothing that their provider has stored.
/// </summary>
[ValidationRule(
    "!has(self.models) || self.models.all(from, from.matches('" + ModelPattern + "'))",
    "models must map names of models: letters, digits and -._:/@+, beginning with a letter or a digit"
)]
public sealed class FallbackSpec
{
    /// <summary>What the name of a model may be.</summary>
    public const string ModelPattern = "^[A-Za-z0-9][-A-Za-z0-9._:/@+]{0,127}$";

    /// <summary>The most models that are mapped.</summary>
    public const int MostModels = 32;

    /// <summary>The name of another upstream of the same format.</summary>
    [Required, Length(1, 40), Pattern("^[a-z0-9]([-a-z0-9]*[a-z0-9])?$")]
    public string Upstream { get; set; } = string.Empty;

    /// <summary>
    /// From a model, as the agent names it, to the one that is called there. One that is not listed is called under its own name.
    /// </summary>
    [Items(0, MostModels), Length(1, 128), Pattern(ModelPattern)]
    public Dictionary<string, string> Models { get; set; } = [];
}
