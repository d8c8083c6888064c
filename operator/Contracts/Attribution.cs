using System.Text.RegularExpressions;

namespace AgentReadiness.Contracts;

/// <summary>
/// By what spend is told apart: the model, the revision and the run always, and the tags that <c>spec.budget.attribution</c> names. Pure.
/// </summary>
public static partial class Attribution
{
    /// <summary>The most tags of an agent.</summary>
    public const int MaxTags = 4;

    /// <summary>The pattern of a tag's name.</summary>
    public const string Pattern = "^[a-z][a-z0-9_.-]{0,31}$";

    /// <summary>The most characters of a tag's value; what is longer is cut.</summary>
    public const int MaxValue = 64;

    /// <summary>The dimension of the price rule that a call was priced by.</summary>
    public const string Model = "model";

    /// <summary>The dimension of the revision.</summary>
    public const string Revision = "revision";

    /// <summary>The run, which is told by its costliest ones only.</summary>
    public const string Run = "run";

    /// <summary>What a call without a value counts as.</summary>
    public const string None = "(none)";

    /// <summary>What values beyond a bound count as.</summary>
    public const string Other = "(other)";

    /// <summary>The rule on the names of <see cref="Taken"/>, as the API server checks it.</summary>
    public const string TakenRule = "!self.exists(name, name in ['model', 'revision', 'run'])";

    /// <summary>What breaks <see cref="TakenRule"/>, in words.</summary>
    public const string TakenMessage = "spec.budget.attribution must not list model, revision or run: spend is told by these in any case";

    /// <summary>Names that no tag may have: spend is told by these in any case.</summary>
    public static IReadOnlyList<string> Taken { get; } = [Model, Revision, Run];

    /// <summary>Whether a text may be a tag's name.</summary>
    public static bool IsName(string text) => Name().IsMatch(text) && !Taken.Contains(text);

    [GeneratedRegex(Pattern + "(?!\n)")]
    private static partial Regex Name();
}
