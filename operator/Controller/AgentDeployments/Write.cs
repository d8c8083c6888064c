using System.Text.Json.Nodes;
using AgentReadiness.Controller.Ledgers;
using AgentReadiness.Runtime;

namespace AgentReadiness.Controller.AgentDeployments;

/// <summary>One thing to write. Writes are done in order; the first that fails ends the pass, and the next pass decides afresh.</summary>
public abstract record Write
{
    /// <summary>Server-side apply of a child.</summary>
    /// <param name="Resource">The resource.</param>
    /// <param name="Body">The fields that we own.</param>
    public sealed record Apply(ResourceType Resource, JsonObject Body) : Write
    {
        /// <summary>
        /// Others that wrote into the child's spec: apply alone would leave what they added, so the template is replaced first.
        /// </summary>
        public IReadOnlyList<string> ForeignManagers { get; init; } = [];
    }

    /// <summary>
    /// Read a Deployment from the API server itself, and go on only if its pods are what the decision saw: before traffic moves to
    /// them, a cache that is a moment old is not good enough.
    /// </summary>
    /// <param name="Deployment">The Deployment.</param>
    /// <param name="Pods">Pods that must be available, and be all there are.</param>
    public sealed record Verify(NamespacedName Deployment, int Pods) : Write;

    /// <summary>Set the number of pods of a Deployment whose template is an old revision's and not known any more.</summary>
    /// <param name="Deployment">The Deployment.</param>
    /// <param name="Replicas">The number.</param>
    public sealed record Scale(NamespacedName Deployment, int Replicas) : Write;

    /// <summary>Set the prices in a guardrail's configuration whose spec is an old revision's and not known any more.</summary>
    /// <param name="ConfigMap">The guardrail's ConfigMap.</param>
    /// <param name="Text">The file of prices; null: none.</param>
    public sealed record SetPrices(NamespacedName ConfigMap, string? Text) : Write;

    /// <summary>Set what a guardrail trusts, in the same case.</summary>
    /// <param name="ConfigMap">The guardrail's ConfigMap.</param>
    /// <param name="Text">The certificates.</param>
    public sealed record SetAuthority(NamespacedName ConfigMap, string Text) : Write;

    /// <summary>An immutable copy of a ConfigMap as a revision saw it.</summary>
    /// <param name="Source">The name of the original.</param>
    /// <param name="Digest">The content that the revision was computed from; another content by now means: decide afresh.</param>
    /// <param name="Body">The copy without its data.</param>
    public sealed record Copy(string Source, string Digest, JsonObject Body) : Write;

    /// <summary>Create an EvalRun; that it is there already is as good.</summary>
    /// <param name="Body">The run.</param>
    public sealed record CreateRun(JsonObject Body) : Write;

    /// <summary>Delete an object, if it is still the one that was seen.</summary>
    /// <param name="Resource">The resource.</param>
    /// <param name="Key">Namespace and name.</param>
    /// <param name="Uid">Its UID.</param>
    public sealed record Delete(ResourceType Resource, NamespacedName Key, string Uid) : Write;

    /// <summary>Open the window of now and take the declared cap into the ledger.</summary>
    /// <param name="Account">The account.</param>
    public sealed record RefreshLedger(AccountKey Account) : Write;
}
