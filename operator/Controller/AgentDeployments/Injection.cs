using AgentReadiness.Api.Resources;
using AgentReadiness.Api.Revisions;
using AgentReadiness.Controller.Shared;

namespace AgentReadiness.Controller.AgentDeployments;

/// <summary>
/// What is put into the pods of a revision. A revision keeps what it was evaluated with; the next one gets the newest. Pure.
/// </summary>
/// <param name="Version">Of <see cref="PodTemplate"/>: how containers, volumes, variables and hooks are put in.</param>
/// <param name="Image">The guardrail's image.</param>
/// <param name="NativeSidecar">The guardrail is an init container that goes on.</param>
/// <param name="Resources">Of a guardrail whose agent names none.</param>
internal sealed record Injection(int Version, string Image, bool NativeSidecar, ContainerResources Resources)
{
    /// <summary>
    /// The newest version. Whoever changes what is put in adds a version, and keeps the way of the one before for the revisions that have
    /// it: the golden files of PodTemplateTests tell.
    /// </summary>
    public const int Newest = 2;

    /// <summary>This operator can make it; one that came after a newer operator cannot make everything.</summary>
    public bool IsKnown => Version is >= 1 and <= Newest;

    /// <summary>The injection of a revision.</summary>
    /// <remarks>
    /// The status says it. Operators before this record pinned nothing but the live Deployment: what that has is taken over, where nobody
    /// else wrote into its template.
    /// </remarks>
    public static Injection Of(AgentObservation seen, Revision revision)
    {
        if (Pinned(seen.Agent.Status, revision) is { } pinned)
            return pinned;
        var live = seen.Owned.FirstOrDefault(deployment =>
            deployment.Revision == revision && !deployment.HasForeignTemplate && deployment.GuardrailImage is not null
        );
        return live is null
            ? New(seen)
            : new Injection(live.LeavesToken ? 1 : 2, live.GuardrailImage!, live.NativeSidecar, ContainerResources.Guardrail);
    }

    /// <summary>What a revision gets that has none yet.</summary>
    public static Injection New(AgentObservation seen) =>
        new(Newest, seen.Environment.GuardrailImage, seen.Environment.Server.NativeSidecars, seen.Environment.GuardrailResources);

    /// <summary>What a status says of a revision; null where it says nothing that can be read.</summary>
    public static Injection? Pinned(AgentDeploymentStatus? status, Revision revision)
    {
        if (status?.Injections.FirstOrDefault(one => one.Revision == revision.Hash) is not { Image.Length: > 0 } said)
            return null;
        try
        {
            var resources = said.Resources is null ? ContainerResources.Guardrail : ContainerResources.Parse(said.Resources);
            return new Injection(said.Version, said.Image, said.NativeSidecar, resources);
        }
        catch (FormatException)
        {
            return null;
        }
    }

    /// <summary>As it stands in a status.</summary>
    public InjectionStatus Status(Revision revision) =>
        new()
        {
            Revision = revision.Hash,
            Version = Version,
            Image = Image,
            NativeSidecar = NativeSidecar,
            Resources = Resources.ToString() == ContainerResources.Guardrail.ToString() ? null : Resources.ToString(),
        };
}
