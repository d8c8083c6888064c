using System.Collections.Concurrent;
using System.Net;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using AgentReadiness.Controller.Ledgers;

namespace AgentReadiness.Controller.Endpoints;

/// <summary>
/// Finds the pod that a token is bound to. An answer of the API server is used for a minute, a refusal for ten seconds. Callers with the
/// same token share one review, and the review goes on when they stop waiting. This matters after a change of leaders, when all pods ask at
/// once: if each try began a review of its own that ended with the try, none would be done before its caller had given up.
/// </summary>
/// <param name="audience">The audience that tokens must be made for.</param>
/// <param name="review">Asks the API server for the user of a token.</param>
/// <param name="isKnown">Whether the cache shows a pod of this UID.</param>
/// <param name="gates">Who may have a token reviewed.</param>
/// <param name="time">The clock.</param>
internal sealed class PodTokens(
    string audience,
    Func<string, CancellationToken, Task<JsonObject?>> review,
    Func<TokenClaims, bool> isKnown,
    ReviewGates gates,
    TimeProvider time
)
{
    private const int MaxTokens = 20_000;
    private const int MaxReviews = 4_096;
    private static readonly TimeSpan TokenLife = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan RefusalLife = TimeSpan.FromSeconds(10);

    // From the digest of a token to its pod, or to null where it was refused.
    private readonly ConcurrentDictionary<string, Known> reviewed = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<string, Lazy<Task<BoundPod?>>> open = new(StringComparer.Ordinal);

    private sealed record Known(long At, BoundPod? Pod);

    /// <summary>The pod that a token is bound to; null where it is no good token of our audience, or where too many wait already.</summary>
    /// <param name="token">The token.</param>
    /// <param name="address">Where it came from.</param>
    /// <param name="cancellationToken">Gives up waiting.</param>
    public async Task<BoundPod?> FindAsync(string token, IPAddress? address, CancellationToken cancellationToken)
    {
        if (TokenClaims.Read(token, audience, time.GetUtcNow()) is not { PodUid: { } uid } claims)
            return null;
        // The keys of the cache are digests, so that a memory dump of this process contains no tokens.
        var digest = Convert.ToHexString(SHA256.HashData(Encoding.UTF8.GetBytes(token)));
        if (reviewed.TryGetValue(digest, out var known) && time.GetElapsedTime(known.At) < (known.Pod is null ? RefusalLife : TokenLife))
            return known.Pod;
        if (!open.TryGetValue(digest, out var asked))
        {
            if (open.Count >= MaxReviews)
                return null;
            asked = open.GetOrAdd(digest, key => new Lazy<Task<BoundPod?>>(() => ReviewAsync(token, uid, isKnown(claims), key, address)));
        }
        return await asked.Value.WaitAsync(cancellationToken);
    }

    private async Task<BoundPod?> ReviewAsync(string token, string uid, bool known, string digest, IPAddress? address)
    {
        try
        {
            using var place = await gates.EnterAsync(uid, known, address, CancellationToken.None);
            if (place is null)
                return null;
            var pod = Bound(await review(token, CancellationToken.None));
            if (pod is null)
                gates.Refused(uid, address);
            if (reviewed.Count >= MaxTokens)
                reviewed.Clear();
            reviewed[digest] = new Known(time.GetTimestamp(), pod);
            return pod;
        }
        finally
        {
            open.TryRemove(digest, out _);
        }
    }

    private static BoundPod? Bound(JsonObject? user)
    {
        string? Extra(string name) => (user!["extra"]?[name] as JsonArray)?.FirstOrDefault()?.GetValue<string>();
        return
            user is not null
            && TokenReviews.ServiceAccount(user) is { Namespace: var ns }
            && Extra("authentication.kubernetes.io/pod-name") is { } name
            && Extra("authentication.kubernetes.io/pod-uid") is { } uid
            ? new BoundPod(ns, new HolderPod(name, uid))
            : null;
    }
}
