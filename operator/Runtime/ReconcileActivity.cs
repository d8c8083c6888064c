using System.Diagnostics;

namespace AgentReadiness.Runtime;

/// <summary>The trace of reconciliations: one Activity for each, for whoever listens to <see cref="SourceName"/>.</summary>
public static class ReconcileActivity
{
    /// <summary>The name of the ActivitySource.</summary>
    public const string SourceName = "AgentReadiness.Runtime";

    /// <summary>The name of the Activity of one reconciliation.</summary>
    public const string OperationName = "reconcile";

    /// <summary>The tag with the reconciliation's ID: the one that its log lines carry.</summary>
    public const string IdTag = "reconcile.id";

    /// <summary>The tag with the controller's name.</summary>
    public const string ControllerTag = "reconcile.controller";

    /// <summary>The tag with the object, as "namespace/name".</summary>
    public const string ObjectTag = "reconcile.object";

    private static readonly ActivitySource Source = new(SourceName);

    /// <summary>Begins the Activity of a reconciliation; null where nobody listens.</summary>
    internal static Activity? Start(string controller, NamespacedName key, string id) =>
        Source.StartActivity(OperationName)?.SetTag(ControllerTag, controller).SetTag(ObjectTag, key.ToString()).SetTag(IdTag, id);
}
