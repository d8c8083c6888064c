using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using k8s;
using k8s.Models;
using Microsoft.Extensions.Logging;

namespace AgentReadiness.Runtime;

/// <summary>
/// Writes Events. Equal events about one subject are one object with a count. An event that cannot be written is logged, and never fails
/// a reconciliation.
/// </summary>
public sealed class EventRecorder(KubernetesApi api, string component, TimeProvider time, ILogger<EventRecorder> logger)
{
    /// <summary>The resource.</summary>
    public static readonly ResourceType Events = new(string.Empty, "v1", "events", "Event");

    private const int Burst = 25;
    private const int MostBuckets = 20_000;
    private static readonly TimeSpan Refill = TimeSpan.FromMinutes(5);

    private readonly Lock gate = new();
    private readonly Dictionary<string, (double Tokens, long At)> buckets = new(StringComparer.Ordinal);

    /// <summary>Writes an event about an object of the library's types; this is the <see cref="EventPublisher"/>.</summary>
    /// <param name="entity">The object. Where it names no kind, its type must carry <see cref="KubernetesEntityAttribute"/>.</param>
    /// <param name="reason">One stable UpperCamelCase word.</param>
    /// <param name="message">For people; cut to 1,024 characters.</param>
    /// <param name="type">Normal or Warning.</param>
    /// <param name="cancellationToken">Ends the try.</param>
    /// <exception cref="ArgumentException">The kind is not known.</exception>
    public Task PublishAsync(
        IKubernetesObject<V1ObjectMeta> entity,
        string reason,
        string message,
        EventType type = EventType.Normal,
        CancellationToken cancellationToken = default
    )
    {
        var (apiVersion, kind) = (entity.ApiVersion, entity.Kind);
        if (string.IsNullOrEmpty(apiVersion) || string.IsNullOrEmpty(kind))
        {
            var resource = ResourceType.Of(entity.GetType());
            (apiVersion, kind) = (resource.ApiVersion, resource.Kind);
        }
        var key = new NamespacedName(entity.Metadata.NamespaceProperty ?? string.Empty, entity.Metadata.Name);
        return PublishAsync(
            new EventSubject(apiVersion, kind, key, entity.Metadata.Uid),
            type == EventType.Warning,
            reason,
            message,
            cancellationToken
        );
    }

    /// <summary>Writes an event.</summary>
    /// <param name="subject">The object.</param>
    /// <param name="warning">Warning or Normal.</param>
    /// <param name="reason">One stable UpperCamelCase word.</param>
    /// <param name="message">For people; cut to 1,024 characters.</param>
    /// <param name="cancellationToken">Ends the try.</param>
    public async Task PublishAsync(EventSubject subject, bool warning, string reason, string message, CancellationToken cancellationToken)
    {
        if (!TakeToken(subject.Uid))
        {
            RuntimeLog.EventDropped(logger, subject.Kind, subject.Key, reason);
            return;
        }
        message = message.Length <= 1024 ? message : message[..1021] + "...";
        var hash = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes($"{subject.Uid}\n{component}\n{reason}\n{message}")))[
            ..16
        ];
        var name = $"{subject.Key.Name}.{hash}";
        var ns = subject.Key.Namespace.Length == 0 ? "default" : subject.Key.Namespace;
        var now = time.GetUtcNow().ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture);
        try
        {
            if (await api.GetAsync(Events, ns, name, cancellationToken) is { } before)
            {
                var count = (before["count"]?.GetValue<int>() ?? 1) + 1;
                await api.MergePatchAsync(
                    Events,
                    ns,
                    name,
                    null,
                    new JsonObject { ["count"] = count, ["lastTimestamp"] = now },
                    cancellationToken
                );
                return;
            }
            await api.CreateAsync(
                Events,
                ns,
                new JsonObject
                {
                    ["apiVersion"] = "v1",
                    ["kind"] = "Event",
                    ["metadata"] = new JsonObject { ["name"] = name, ["namespace"] = ns },
                    ["involvedObject"] = new JsonObject
                    {
                        ["apiVersion"] = subject.ApiVersion,
                        ["kind"] = subject.Kind,
                        ["namespace"] = subject.Key.Namespace,
                        ["name"] = subject.Key.Name,
                        ["uid"] = subject.Uid,
                    },
                    ["type"] = warning ? "Warning" : "Normal",
                    ["reason"] = reason,
                    ["message"] = message,
                    ["source"] = new JsonObject { ["component"] = component },
                    ["firstTimestamp"] = now,
                    ["lastTimestamp"] = now,
                    ["count"] = 1,
                },
                cancellationToken
            );
        }
        catch (Exception exception) when (exception is KubernetesApiException or HttpRequestException or TimeoutException)
        {
            RuntimeLog.EventFailed(logger, subject.Kind, subject.Key, reason, exception.Message);
        }
    }

    // The limits of client-go's spam filter: at most 25 events at once for an object, and then one in five minutes.
    private bool TakeToken(string uid)
    {
        var now = time.GetTimestamp();
        lock (gate)
        {
            var known = buckets.TryGetValue(uid, out var bucket);
            if (!known && buckets.Count >= MostBuckets)
            {
                // The subjects without events for the longest time have nearly full buckets, so forgetting them hardly changes what they
                // may send.
                foreach (var (old, _) in buckets.OrderBy(entry => entry.Value.At).Take(MostBuckets / 2).ToList())
                    buckets.Remove(old);
            }
            var tokens = known ? Math.Min(Burst, bucket.Tokens + (time.GetElapsedTime(bucket.At, now) / Refill)) : Burst;
            var allowed = tokens >= 1;
            buckets[uid] = (allowed ? tokens - 1 : tokens, now);
            return allowed;
        }
    }
}
