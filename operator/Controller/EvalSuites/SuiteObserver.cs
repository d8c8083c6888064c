using AgentReadiness.Api.Resources;
using AgentReadiness.Api.Revisions;
using AgentReadiness.Controller.Shared;
using AgentReadiness.Runtime;

namespace AgentReadiness.Controller.EvalSuites;

/// <summary>Reads a suite and the ConfigMaps with its cases from the caches.</summary>
public sealed class SuiteObserver(ObjectCache<EvalSuite> suites, ObjectCache<ConfigMapView> configMaps)
{
    /// <summary>A suite with the digest of its cases.</summary>
    public SuiteView Observe(string ns, string name)
    {
        var suite = suites.Get(new NamespacedName(ns, name))?.View;
        return new SuiteView(
            suite,
            suite?.Spec switch
            {
                { Builtin.Cases: { } cases } => configMaps.Get(new NamespacedName(ns, cases.Name))?.View.Digest,
                { Builtin.Volume: not null } => string.Empty,
                { Job: { } job } => Digest(ns, job),
                { External: not null } => string.Empty,
                _ => null,
            }
        );
    }

    // Cases that a runner of its own mounts make another measurement when they change, as our runner's do.
    private string? Digest(string ns, JobSuite job)
    {
        var digests = new List<string>();
        foreach (var reference in ConfigMapReferences.Find(job.Template))
        {
            if (configMaps.Get(new NamespacedName(ns, reference.Name))?.View.Digest is { } digest)
                digests.Add($"{reference.Name} {digest}");
            else if (!reference.Optional)
                return null;
        }
        return string.Join('\n', digests);
    }
}
