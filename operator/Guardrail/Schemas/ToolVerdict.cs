namespace AgentReadiness.Guardrail.Schemas;

/// <summary>
/// What a check of a tool call says. A closed list: what is not known to fit is named, and never taken for what fits. The names are stable:
/// metrics, logs and a header have them.
/// </summary>
internal enum ToolVerdict
{
    /// <summary>The tool is known, and the arguments fit its schema.</summary>
    Fits,

    /// <summary>No tool of that name is there.</summary>
    UnknownTool,

    /// <summary>The arguments are not JSON, or name a member twice.</summary>
    NotJson,

    /// <summary>The arguments break the tool's schema.</summary>
    BreaksSchema,

    /// <summary>Unchecked: this pod has not seen the whole list of tools.</summary>
    NoList,

    /// <summary>Unchecked: the tool has no schema.</summary>
    NoSchema,

    /// <summary>Unchecked: two tools have that name.</summary>
    ListedTwice,

    /// <summary>Unchecked: arguments, schema, answer or list are longer than what is looked at.</summary>
    TooLong,

    /// <summary>Unchecked: arguments or schema are nested too deep, or the schema refers to itself without an end.</summary>
    TooDeep,

    /// <summary>Unchecked: the schema asks for more work than a call is worth.</summary>
    TooMuchWork,

    /// <summary>Unchecked: the schema refers to something outside of itself, or in a way that is not followed.</summary>
    Reference,

    /// <summary>Unchecked: the schema has a keyword that is not known here.</summary>
    Keyword,

    /// <summary>Unchecked: a pattern that cannot be matched in bounded time, or means something else here than in JavaScript.</summary>
    Pattern,

    /// <summary>Unchecked: a number with so many digits that it is not compared.</summary>
    Number,

    /// <summary>Unchecked: the schema is none.</summary>
    NotSchema,

    /// <summary>Unchecked: a text that is no Unicode (half of a surrogate pair).</summary>
    NotUnicode,

    /// <summary>Unchecked: the answer is compressed in a way that is not undone.</summary>
    Encoded,

    /// <summary>Unchecked: the arguments come in pieces of a form that is not put together here.</summary>
    InPieces,

    /// <summary>Unchecked: the provider cut the answer off, at its limit of tokens or by a filter.</summary>
    CutOff,
}

/// <summary>Groups of <see cref="ToolVerdict"/>.</summary>
internal static class ToolVerdicts
{
    /// <summary>The call is known to be wrong.</summary>
    public static bool IsBroken(this ToolVerdict verdict) =>
        verdict is ToolVerdict.UnknownTool or ToolVerdict.NotJson or ToolVerdict.BreaksSchema;

    /// <summary>Nobody knows whether the call is right.</summary>
    public static bool IsUnchecked(this ToolVerdict verdict) => verdict != ToolVerdict.Fits && !verdict.IsBroken();
}
