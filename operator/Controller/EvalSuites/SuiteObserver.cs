using AgentReadiness.Api.Resources;
using AgentReadiness.Api.Revisions;
using AgentReadiness.Api.Rules;
using AgentReadiness.Controller.Lending;
using AgentReadiness.Controller.Shared;
using AgentReadiness.Runtime;

namespace AgentReadiness.Controller.EvalSuites;

/// <summary>Reads a suite, the ConfigMaps with its cases and what it may use from the caches.</summary>
public sealed class SuiteObserver(
    ObjectCache<EvalSuite> suites,
    ConfigMapStore configMaps,
    LentObserver lent,
    OperatorEnvironment environment
)
{
    /// <summary>The ConfigMaps that hold the cases of a suite.</summary>
    public IEnumerable<NamespacedName> Cases(string ns, string name) =>
        suites.Get(new NamespacedName(ns, name)) is { View.Spec: var suite }
            ? Registration.CasesOf(suite).Select(cases => new NamespacedName(ns, cases))
            : [];

    /// <summary>A suite with the digest of its cases.</summary>
    public SuiteView Observe(string ns, string name)
    {
        var suite = suites.Get(new NamespacedName(ns, name))?.View;
        return new SuiteView(
            suite,
            suite?.Spec switch
            {
                { Builtin.Cases: { } cases } => configMaps.Get(new NamespacedName(ns, cases.Name))?.Digest,
                { Builtin.Volume: not null } => string.Empty,
                { Job: { } job } => Digest(ns, job),
                { External: not null } => string.Empty,
                _ => null,
            }
        )
        {
            NotLent = suite is null
                ? null
                : SuiteLending.Refusal(
                    ns,
                    suite.Spec,
                    lent.Observe(ns, SuiteLending.Template(suite.Spec), KeyUses.Find(suite.Spec)),
                    environment.Authors
                ),
        };
    }

    // Cases that a runner of its own mounts make another measurement when they change, as our runner's do.
    private string? Digest(string ns, JobSuite job)
    {
        var digests = new List<string>();
        foreach (var reference in ConfigMapReferences.Find(job.Template))
        {
            if (configMaps.Get(new NamespacedName(ns, reference.Name))?.Digest is { } digest)
                digests.Add($"{reference.Name} {digest}");
            else if (!reference.Optional)
                return null;
        }
        return string.Join('\n', digests);
    }
}
