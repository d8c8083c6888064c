using System.Text.Json.Nodes;
using AgentReadiness.Api;
using AgentReadiness.Api.Resources;
using AgentReadiness.Contracts.Guardrail;
using AgentReadiness.Controller.Ledgers;
using AgentReadiness.Controller.Shared;
using AgentReadiness.Runtime;

namespace AgentReadiness.Controller.AgentDeployments;

/// <summary>Does the writes that were decided for an agent's children, its runs and its ledger.</summary>
public sealed class AgentWriter(
    KubernetesApi api,
    LedgerRegistry ledgers,
    AppliedWrites applied,
    ChildCaches cache,
    ILogger<AgentWriter> logger
)
{
    private static readonly ResourceType Runs = ResourceType.Of<EvalRun>();

    /// <summary>Does one write of a decision.</summary>
    public async Task<WriteResult> WriteAsync(AgentDeployment agent, Write write, CancellationToken cancellationToken)
    {
        var ns = agent.Metadata.NamespaceProperty;
        switch (write)
        {
            case Write.Apply apply:
                return new WriteResult(await ApplyAsync(apply, ns, cancellationToken));
            case Write.Copy copy:
                return await CopyAsync(ns, copy, cancellationToken);
            case Write.Verify verify:
                return await VerifyAsync(verify, cancellationToken);
            case Write.Scale scale:
                ControllerLog.Scaled(logger, scale.Deployment, scale.Replicas);
                await api.MergePatchAsync(
                    DeploymentView.Resource,
                    ns,
                    scale.Deployment.Name,
                    null,
                    new JsonObject { ["spec"] = new JsonObject { ["replicas"] = scale.Replicas } },
                    cancellationToken
                );
                return WriteResult.Done;
            case Write.SetPrices set:
                ControllerLog.PricesSet(logger, set.ConfigMap);
                await SetFileAsync(set.ConfigMap, GuardrailPrices.Key, set.Text, cancellationToken);
                return WriteResult.Done;
            case Write.SetAuthority set:
                ControllerLog.AuthoritySet(logger, set.ConfigMap);
                await SetFileAsync(set.ConfigMap, Path.GetFileName(GuardrailPaths.CaFile), set.Text, cancellationToken);
                return WriteResult.Done;
            case Write.CreateRun create:
                await CreateRunAsync(create.Body, cancellationToken);
                return WriteResult.Done;
            case Write.Delete delete:
                ControllerLog.Deleted(logger, delete.Resource.Kind, delete.Key);
                applied.Forget(delete.Resource, delete.Key);
                await api.DeleteAsync(delete.Resource, delete.Key.Namespace, delete.Key.Name, delete.Uid, cancellationToken);
                return WriteResult.Done;
            case Write.RefreshLedger refresh:
                await ledgers.RefreshAsync(refresh.Account, cancellationToken);
                return WriteResult.Done;
            default:
                throw new NotSupportedException($"{write.GetType()} is not a write");
        }
    }

    private async Task<EventNote?> ApplyAsync(Write.Apply apply, string ns, CancellationToken cancellationToken)
    {
        var (resource, body) = (apply.Resource, apply.Body);
        var key = new NamespacedName(ns, body["metadata"]!["name"]!.GetValue<string>());
        var cached = cache.Get(resource, key);
        if (applied.IsCurrent(resource, key, body, cached?.Uid, cached?.Version))
            return null;
        ControllerLog.Applied(logger, resource.Kind, key);
        var replaced =
            apply.ForeignManagers.Count > 0
            && cached is not null
            && (await ReplaceTemplateAsync(resource, key, cached.Uid, body, cancellationToken))["metadata"]!["generation"]?.ToJsonString()
                != cached.Version;
        var result = await api.ApplyAsync(resource, ns, key.Name, body, cancellationToken);
        var changed = applied.Remember(resource, key, body, result, cached?.Version);
        // A Service's change is told by the decision, which sees its selector.
        if (resource.Kind == "Service" || !(changed || replaced))
            return null;
        var who = apply.ForeignManagers.Count > 0 ? string.Join(", ", apply.ForeignManagers) : "somebody else";
        return new EventNote(true, Reasons.DriftReverted, $"{resource.Kind} {key} was changed by {who}; it is set back");
    }

    // Server-side apply takes back the fields that it names and leaves those that others added: a container, a volume. Those go here.
    private Task<JsonObject> ReplaceTemplateAsync(
        ResourceType resource,
        NamespacedName key,
        string uid,
        JsonObject body,
        CancellationToken cancellationToken
    ) =>
        api.JsonPatchAsync(
            resource,
            key.Namespace,
            key.Name,
            new JsonArray(
                new JsonObject
                {
                    ["op"] = "test",
                    ["path"] = "/metadata/uid",
                    ["value"] = uid,
                },
                new JsonObject
                {
                    ["op"] = "replace",
                    ["path"] = "/spec/template",
                    ["value"] = body["spec"]!["template"]!.DeepClone(),
                }
            ),
            cancellationToken
        );

    private async Task<WriteResult> VerifyAsync(Write.Verify verify, CancellationToken cancellationToken)
    {
        var live = await api.GetAsync(DeploymentView.Resource, verify.Deployment.Namespace, verify.Deployment.Name, cancellationToken);
        using var document = System.Text.Json.JsonDocument.Parse(live?.ToJsonString() ?? "{}");
        return
            live is null
            || !DeploymentView.Of(document.RootElement).IsWhole(verify.Pods)
            || await ReadyAsync(live, verify.Deployment.Namespace, cancellationToken) < verify.Pods
            ? WriteResult.NotAsSeen($"Deployment {verify.Deployment} is not as the cache shows it: traffic does not move to it yet")
            : WriteResult.Done;
    }

    // A Deployment that was scaled to nothing and back tells for a moment of the pods that it had: the pods themselves are asked.
    private async Task<int> ReadyAsync(JsonObject deployment, string ns, CancellationToken cancellationToken)
    {
        var labels = (JsonObject)deployment["spec"]!["selector"]!["matchLabels"]!;
        var selector = string.Join(',', labels.Select(label => $"{label.Key}={label.Value!.GetValue<string>()}"));
        var pods = await api.SendAsync(
            HttpMethod.Get,
            $"{PodView.Resource.Path(ns)}?labelSelector={Uri.EscapeDataString(selector)}",
            null,
            null,
            cancellationToken
        );
        using var document = System.Text.Json.JsonDocument.Parse(pods.ToJsonString());
        return document
            .RootElement.Items("items")
            .Count(pod =>
                pod.At("metadata", "deletionTimestamp") is null
                && pod.Items("status", "conditions")
                    .Any(condition => condition.Text("type") == "Ready" && condition.Text("status") == "True")
            );
    }

    private async Task<WriteResult> CopyAsync(string ns, Write.Copy copy, CancellationToken cancellationToken)
    {
        if (await api.GetAsync(ConfigMapView.Resource, ns, copy.Source, cancellationToken) is not { } source)
            return WriteResult.NotAsSeen($"ConfigMap {ns}/{copy.Source} is gone");
        if (source.View(ConfigMapView.Of).Digest != copy.Digest)
            return WriteResult.NotAsSeen(
                $"ConfigMap {ns}/{copy.Source} changed while revision {copy.Body["metadata"]!["labels"]![Names.RevisionLabel]} was made"
            );
        var body = (JsonObject)copy.Body.DeepClone();
        foreach (var part in (string[])["data", "binaryData"])
        {
            if (source[part] is { } content)
                body[part] = content.DeepClone();
        }
        try
        {
            await api.CreateAsync(ConfigMapView.Resource, ns, body, cancellationToken);
        }
        catch (KubernetesApiException exception) when (exception.IsAlreadyThere)
        {
            // There already; the next observation compares its content.
        }
        return WriteResult.Done;
    }

    private async Task SetFileAsync(NamespacedName configMap, string file, string? text, CancellationToken cancellationToken)
    {
        try
        {
            await api.MergePatchAsync(
                ConfigMapView.Resource,
                configMap.Namespace,
                configMap.Name,
                null,
                new JsonObject { ["data"] = new JsonObject { [file] = text } },
                cancellationToken
            );
        }
        catch (KubernetesApiException exception) when (exception.IsNotFound)
        {
            // Deleted since it was seen: no guardrail reads it any more.
        }
    }

    private async Task CreateRunAsync(JsonObject body, CancellationToken cancellationToken)
    {
        var metadata = body["metadata"]!;
        try
        {
            await api.CreateAsync(Runs, metadata["namespace"]!.GetValue<string>(), body, cancellationToken);
            ControllerLog.RunCreated(logger, metadata["namespace"]!.GetValue<string>(), metadata["name"]!.GetValue<string>());
        }
        catch (KubernetesApiException exception) when (exception.IsAlreadyThere)
        {
            // The name is derived from what is measured, so a run of that name is the same measurement, whoever made it.
        }
    }

    /// <summary>Forgets what was applied for an agent that is gone.</summary>
    public void Forget(NamespacedName agent) => applied.Forget(agent.Namespace, agent.Name);
}
