namespace AgentReadiness.Cli.Validation;

/// <summary>Paths of fields, such as "spec.evals[0].minScore".</summary>
internal static class Paths
{
    /// <summary>Whether a field is another one, or in it.</summary>
    public static bool IsWithin(string field, string outer) =>
        field.StartsWith(outer, StringComparison.Ordinal) && (field.Length == outer.Length || field[outer.Length] is '.' or '[');

    /// <summary>Whether one of two fields is the other one, or in it.</summary>
    public static bool AreRelated(string one, string other) => IsWithin(one, other) || IsWithin(other, one);
}
