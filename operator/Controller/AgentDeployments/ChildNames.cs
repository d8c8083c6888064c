using AgentReadiness.Api.Revisions;
using AgentReadiness.Controller.Shared;

namespace AgentReadiness.Controller.AgentDeployments;

/// <summary>Names of the objects that an agent consists of.</summary>
internal static class ChildNames
{
    public static string Serving(string agent, Revision revision) => $"{agent}-{revision}";

    public static string Eval(string agent, Revision revision) => $"{agent}-{revision}-eval";

    public static string Service(string agent) => agent;

    public static string CandidateService(string agent) => $"{agent}-candidate";

    public static string ConfigMapCopy(string configMap, string agent, Revision revision)
    {
        // A ConfigMap's name may have 253 characters already; what is cut off is told apart by the revision's hash of it all.
        var suffix = $"-{agent}-{revision}";
        return (configMap.Length + suffix.Length <= 253 ? configMap : configMap[..(253 - suffix.Length)]) + suffix;
    }

    public static string GuardrailConfig(string agent, Revision revision, Track track) =>
        track == Track.Eval ? $"{agent}-{revision}-guardrail-eval" : $"{agent}-{revision}-guardrail";
}
