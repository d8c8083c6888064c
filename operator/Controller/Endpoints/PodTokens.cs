using System.Collections.Concurrent;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using AgentReadiness.Controller.Ledgers;

namespace AgentReadiness.Controller.Endpoints;

/// <summary>
/// Finds the pod that a token is bound to. An answer of the API server is used for a minute. Callers with the same token share one review,
/// and the review goes on when they stop waiting. This matters after a change of leaders, when all pods ask at once: if each try began a
/// review of its own that ended with the try, none would be done before its caller had given up.
/// </summary>
/// <param name="review">Asks the API server for the user of a token.</param>
/// <param name="time">The clock.</param>
internal sealed class PodTokens(Func<string, CancellationToken, Task<JsonObject?>> review, TimeProvider time)
{
    private const int MaxTokens = 20_000;
    private const int MaxReviews = 4_096;
    private static readonly TimeSpan TokenLife = TimeSpan.FromSeconds(60);
    private readonly ConcurrentDictionary<string, Known> reviewed = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<string, Lazy<Task<BoundPod?>>> open = new(StringComparer.Ordinal);

    private sealed record Known(long At, BoundPod Pod);

    /// <summary>The pod that a token is bound to; null where it is no good token of our audience, or where too many wait already.</summary>
    public async Task<BoundPod?> FindAsync(string token, CancellationToken cancellationToken)
    {
        // The keys of the cache are digests, so that a memory dump of this process contains no tokens.
        var digest = Convert.ToHexString(SHA256.HashData(Encoding.UTF8.GetBytes(token)));
        if (reviewed.TryGetValue(digest, out var known) && time.GetElapsedTime(known.At) < TokenLife)
            return known.Pod;
        if (!open.TryGetValue(digest, out var asked))
        {
            if (open.Count >= MaxReviews)
                return null;
            asked = open.GetOrAdd(digest, key => new Lazy<Task<BoundPod?>>(() => ReviewAsync(token, key)));
        }
        return await asked.Value.WaitAsync(cancellationToken);
    }

    private async Task<BoundPod?> ReviewAsync(string token, string digest)
    {
        try
        {
            if (await review(token, CancellationToken.None) is not { } user)
                return null;
            string? Extra(string name) => (user["extra"]?[name] as JsonArray)?.FirstOrDefault()?.GetValue<string>();
            if (
                TokenReviews.ServiceAccount(user) is not { Namespace: var ns }
                || Extra("authentication.kubernetes.io/pod-name") is not { } name
                || Extra("authentication.kubernetes.io/pod-uid") is not { } uid
            )
            {
                return null;
            }
            if (reviewed.Count >= MaxTokens)
                reviewed.Clear();
            var pod = new BoundPod(ns, new HolderPod(name, uid));
            reviewed[digest] = new Known(time.GetTimestamp(), pod);
            return pod;
        }
        finally
        {
            open.TryRemove(digest, out _);
        }
    }
}
