namespace AgentReadiness.Cli.Validation;

/// <summary>In what way a value breaks a schema.</summary>
internal enum ProblemKind
{
    /// <summary>The field is not in the schema.</summary>
    Unknown,

    /// <summary>A field that must be there is not.</summary>
    Missing,

    /// <summary>The value is of another type.</summary>
    Type,

    /// <summary>The type is right, the value is not: pattern, length, range, number of entries, duplicates, words.</summary>
    Value,

    /// <summary>A CEL rule does not hold.</summary>
    Rule,
}
