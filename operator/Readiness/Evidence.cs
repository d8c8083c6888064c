namespace AgentReadiness.Readiness;

/// <summary>Where a check looks.</summary>
public enum Evidence
{
    /// <summary>
    /// What the API server's schema refuses. `kubectl agents check` holds the manifest against the same schema, because a server that does
    /// not validate strictly drops a mistyped field without a word.
    /// </summary>
    Schema,

    /// <summary>A rule on the values of an object. The operator checks it again before it acts on the object.</summary>
    Rule,
}
