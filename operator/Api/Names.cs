using AgentReadiness.Contracts;

namespace AgentReadiness.Api;

/// <summary>Names that the operator puts on objects, and the API group.</summary>
public static class Names
{
    /// <summary>The API group.</summary>
    public const string Group = ApiGroup.Name;

    /// <summary>The API version.</summary>
    public const string Version = "v1alpha1";

    /// <summary>The operator's name: field manager, managed-by label, event source.</summary>
    public const string Operator = "agent-readiness-operator";

    /// <summary>Label: who manages an object; its value is <see cref="Operator"/>.</summary>
    public const string ManagedByLabel = "app.kubernetes.io/managed-by";

    /// <summary>Label: the AgentDeployment that an object serves.</summary>
    public const string AgentLabel = Group + "/agent";

    /// <summary>Label: the namespace of the AgentDeployment, on objects that live in another one.</summary>
    public const string AgentNamespaceLabel = Group + "/agent-namespace";

    /// <summary>Label: the revision that an object belongs to.</summary>
    public const string RevisionLabel = Group + "/revision";

    /// <summary>Label: <see cref="ServingTrack"/> or <see cref="EvalTrack"/>.</summary>
    public const string TrackLabel = Group + "/track";

    /// <summary>Label: the EvalRun that a Job or pod belongs to.</summary>
    public const string EvalRunLabel = Group + "/eval-run";

    /// <summary>Annotation of a Deployment: JSON, from the name of each ConfigMap copy to the digest of its content.</summary>
    public const string ConfigDigestsAnnotation = Group + "/config-digests";

    /// <summary>Annotation of the pods of an evaluation under chaos: the plans, so that other plans make other pods.</summary>
    public const string ChaosAnnotation = Group + "/chaos";

    /// <summary>
    /// Label of a ServiceAccount, a Secret or a PersistentVolumeClaim: templates of agents and suites of its namespace may name it. Its
    /// value is "true".
    /// </summary>
    public const string UsableByAgentsLabel = Group + "/usable-by-agents";

    /// <summary>Annotation of a Secret: the hosts that its keys may be sent to. Such a Secret may be mounted by guardrails alone.</summary>
    public const string HostsAnnotation = Group + "/hosts";

    /// <summary>Track of pods that may receive production traffic.</summary>
    public const string ServingTrack = "serving";

    /// <summary>Track of pods that only evals reach.</summary>
    public const string EvalTrack = "eval";

    /// <summary>The guardrail's container.</summary>
    public const string GuardrailContainer = "agent-readiness-guardrail";

    /// <summary>The longest name of an AgentDeployment: room for "-", a revision and a track in a DNS label.</summary>
    public const int MaxNameLength = 40;
}
