namespace AgentReadiness.Readiness;

/// <summary>
/// One line of the bar that an agent is held to. Only <see cref="ReadinessCatalogue"/> has checks: nobody else can make one.
/// </summary>
public sealed class Check
{
    internal Check(string id, Part part, Severity severity, Evidence evidence, string proves, string remedy)
    {
        Id = id;
        Part = part;
        Severity = severity;
        Evidence = evidence;
        Proves = proves;
        Remedy = remedy;
    }

    /// <summary>
    /// The stable name, three letters of the part and a number, for example "REL-001". Programs, policies and exceptions may rely on it:
    /// it is never given to another check, also after this one is gone.
    /// </summary>
    public string Id { get; }

    /// <summary>The part of the bar.</summary>
    public Part Part { get; }

    /// <summary>How much is lost while the check fails.</summary>
    public Severity Severity { get; }

    /// <summary>Where the check looks.</summary>
    public Evidence Evidence { get; }

    /// <summary>What holds where the check passes; a whole sentence.</summary>
    public string Proves { get; }

    /// <summary>What to do where it fails; a whole sentence.</summary>
    public string Remedy { get; }

    /// <summary>The ID.</summary>
    public override string ToString() => Id;
}
