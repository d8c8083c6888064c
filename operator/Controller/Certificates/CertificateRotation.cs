using System.Text.Json.Nodes;
using AgentReadiness.Api;
using AgentReadiness.Contracts.Guardrail;
using AgentReadiness.Controller.Shared;
using AgentReadiness.Runtime;

namespace AgentReadiness.Controller.Certificates;

/// <summary>
/// Keeps the Secret of the grant endpoint: one step at a time, on what the cache shows, guarded by the Secret's version. So a leader that
/// was cut off, or took over in between, can only do a step again, never skip one. The bundle is also in a ConfigMap of the Secret's name,
/// for those who may not read keys.
/// </summary>
public sealed class CertificateRotation(
    ObjectCache<CertificateView> secrets,
    ObjectCache<ConfigMapView> configMaps,
    TrustBundleRollout rollout,
    CertificateNews news,
    KubernetesApi api,
    OperatorOptions options,
    TimeProvider time
) : ILeaderTask
{
    private static readonly string CaFile = Path.GetFileName(GuardrailPaths.CaFile);
    private static readonly TimeSpan LongestTick = TimeSpan.FromSeconds(10);
    private readonly RotationPlan plan = options.Rotation;
    private readonly NamespacedName key = options.GrantsSecretKey!.Value;
    private readonly string host = new Uri(options.GrantsUrl).Host;

    /// <inheritdoc/>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        var tick = plan.Overlap / 4;
        using var timer = new PeriodicTimer(tick < LongestTick ? tick : LongestTick, time);
        try
        {
            do
            {
                try
                {
                    await LookAsync(cancellationToken);
                }
                catch (KubernetesApiException exception) when (exception.IsConflict)
                {
                    // The cache is behind our own last step, or somebody else wrote: the next look sees it.
                }
                catch (Exception exception)
                    when (exception is KubernetesApiException or HttpRequestException or IOException or TimeoutException)
                {
                    await FailAsync($"Secret {key} could not be written, and will be tried again: {exception.Message}", cancellationToken);
                }
            } while (await timer.WaitForNextTickAsync(cancellationToken));
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            // Leadership is over.
        }
    }

    private async Task LookAsync(CancellationToken cancellationToken)
    {
        var entry = secrets.Get(key);
        if (entry?.View.Problem is { } problem)
        {
            // A Secret that cannot be read is not overwritten: somebody may repair it, and guardrails still trust what it held.
            await FailAsync(
                $"Secret {key} cannot be read: {problem}. Mend it, or set its data to null: then a new CA is made",
                cancellationToken
            );
            return;
        }
        var state = entry?.View.State;
        if (state is not null)
            await KeepBundleAsync(state.Bundle, cancellationToken);
        var now = time.GetUtcNow();
        var lacking = state?.Next is null ? [] : rollout.Lacking(state.Bundle);
        var step = RotationRules.Decide(state?.Facts(plan, host), now, plan, lacking.Count);
        if (lacking.Count > 0 && (step != RotationStep.None || now >= state!.Next!.Lifetime(plan).From + plan.Overlap))
            await news.TellAsync(true, CertificateReasons.Lacking, Lack(step, lacking), cancellationToken);
        if (step == RotationStep.None)
            return;
        var next = CertificateIssuer.Carry(step, state, host, now, plan);
        await WriteAsync(entry, next, cancellationToken);
        if (Words(step, next) is var (reason, message))
            await news.TellAsync(false, reason, message, cancellationToken);
    }

    private async Task WriteAsync(CacheEntry<CertificateView>? entry, CertificateState state, CancellationToken cancellationToken)
    {
        var body = new JsonObject
        {
            ["metadata"] = new JsonObject { ["name"] = key.Name, ["namespace"] = key.Namespace },
            ["data"] = state.Data(),
        };
        if (entry is not null)
        {
            body["metadata"]!["resourceVersion"] = entry.ResourceVersion;
            await api.MergePatchAsync(SecretCertificates.Resource, key.Namespace, key.Name, null, body, cancellationToken);
            return;
        }
        // The chart creates an empty Secret and gives no right to create others. An operator that has that right creates its own.
        (body["apiVersion"], body["kind"]) = (SecretCertificates.Resource.ApiVersion, SecretCertificates.Resource.Kind);
        body["metadata"]!["labels"] = new JsonObject { [Names.ManagedByLabel] = Names.Operator };
        body["data"] = new JsonObject(
            state.Data().Where(pair => pair.Value is not null).Select(pair => KeyValuePair.Create(pair.Key, pair.Value?.DeepClone()))
        );
        await api.CreateAsync(SecretCertificates.Resource, key.Namespace, body, cancellationToken);
    }

    private async Task KeepBundleAsync(string bundle, CancellationToken cancellationToken)
    {
        if (configMaps.Get(key)?.View.CaDigest == TrustBundle.DigestOf(bundle))
            return;
        await api.ApplyAsync(
            ConfigMapView.Resource,
            key.Namespace,
            key.Name,
            new JsonObject
            {
                ["apiVersion"] = ConfigMapView.Resource.ApiVersion,
                ["kind"] = ConfigMapView.Resource.Kind,
                ["metadata"] = new JsonObject
                {
                    ["name"] = key.Name,
                    ["namespace"] = key.Namespace,
                    ["labels"] = new JsonObject { [Names.ManagedByLabel] = Names.Operator },
                },
                ["data"] = new JsonObject { [CaFile] = bundle },
            },
            cancellationToken
        );
    }

    private (string Reason, string Message)? Words(RotationStep step, CertificateState state)
    {
        string Ends(KeyedCertificate certificate) => $"{certificate.Lifetime(plan).To:yyyy-MM-dd'T'HH:mm:ss'Z'}";
        return step switch
        {
            RotationStep.Create => (
                CertificateReasons.Created,
                $"a CA was made ({state.Ca.Certificate.Subject}); it ends {Ends(state.Ca)}, and the certificate in service "
                    + $"{Ends(state.Leaf)}"
            ),
            RotationStep.Renew => (CertificateReasons.Renewed, $"a new certificate is in service; it ends {Ends(state.Leaf)}"),
            RotationStep.Announce => (
                CertificateReasons.Announced,
                $"the next CA was made ({state.Next!.Certificate.Subject}); guardrails get it beside the present one"
            ),
            RotationStep.RecordRollout => (
                CertificateReasons.RolledOut,
                $"every guardrail's ConfigMap has the next CA ({state.Next!.Certificate.Subject}); it comes into service in {plan.Overlap}"
            ),
            RotationStep.Switch => (
                CertificateReasons.Switched,
                $"a certificate of the next CA ({state.Ca.Certificate.Subject}) is in service; it ends {Ends(state.Leaf)}, and the CA "
                    + $"{Ends(state.Ca)}. The CA before stays trusted for {plan.Overlap}"
            ),
            RotationStep.Retire => (CertificateReasons.Retired, "guardrails do not trust the CA before any more"),
            _ => null,
        };
    }

    private static string Lack(RotationStep step, IReadOnlyList<NamespacedName> lacking)
    {
        var some = string.Join(
            ", ",
            lacking.Order(Comparer<NamespacedName>.Create((one, other) => string.CompareOrdinal(one.ToString(), other.ToString()))).Take(3)
        );
        var what = step == RotationStep.Switch ? "the present CA ends and cannot wait for them" : "the next CA waits for them";
        return $"{lacking.Count} ConfigMaps of guardrails lack the next CA, {some} among them: {what}";
    }

    private Task FailAsync(string message, CancellationToken cancellationToken) =>
        news.TellAsync(true, CertificateReasons.Failed, message, cancellationToken);
}
