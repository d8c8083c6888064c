namespace AgentReadiness.Controller.Shared;

/// <summary>How long the grant endpoint's certificates live.</summary>
/// <param name="CaLife">Life of a CA.</param>
/// <param name="LeafLife">Life of a certificate that is served; it ends with its CA at the latest.</param>
/// <param name="Overlap">
/// How long a new CA is known to every guardrail before anything of it is served, and how long an old one stays known after nothing of it
/// is served. The kubelet brings a changed ConfigMap into a pod within about two minutes; the rest is for nodes and replicas that were
/// away.
/// </param>
public sealed record RotationPlan(TimeSpan CaLife, TimeSpan LeafLife, TimeSpan Overlap)
{
    /// <summary>The shortest overlap that users may ask for: what a kubelet may need, and some.</summary>
    public static readonly TimeSpan ShortestOverlap = TimeSpan.FromMinutes(3);

    /// <summary>A year, 90 days, an hour.</summary>
    public static readonly RotationPlan Default = new(TimeSpan.FromDays(365), TimeSpan.FromDays(90), TimeSpan.FromHours(1));

    /// <summary>How far a node's clock may be behind: certificates are valid from this long before they are made.</summary>
    public TimeSpan Skew { get; init; } = TimeSpan.FromHours(1);

    /// <summary>What is wrong with it, or null.</summary>
    // A third of a CA's life is left when its successor is made: two overlaps must fit in well, and so must they into a third of a leaf's.
    public string? Problem =>
        Overlap < ShortestOverlap ? $"the overlap is shorter than {ShortestOverlap.TotalMinutes:0} minutes"
        : LeafLife < Overlap * 6 ? "the certificate lives shorter than six overlaps"
        : CaLife < LeafLife * 2 ? "the CA lives shorter than two certificates"
        : null;
}
