using AgentReadiness.Controller.Endpoints;
using AgentReadiness.Controller.Ledgers;
using Microsoft.Extensions.Time.Testing;

namespace AgentReadiness.Controller.Tests;

/// <summary>Whose token it is, where the API server takes longer than those who ask can wait.</summary>
public sealed class PodTokensTests
{
    private readonly FakeTimeProvider time = new();
    private readonly List<TaskCompletionSource<JsonObject?>> asked = [];
    private readonly PodTokens tokens;

    public PodTokensTests() =>
        tokens = new PodTokens(
            (_, cancellation) =>
            {
                var review = new TaskCompletionSource<JsonObject?>(TaskCreationOptions.RunContinuationsAsynchronously);
                cancellation.Register(() => review.TrySetCanceled(cancellation));
                asked.Add(review);
                return review.Task;
            },
            time
        );

    [Fact]
    public async Task Who_gave_up_finds_the_answer_with_the_next_try()
    {
        using var gaveUp = new CancellationTokenSource();
        var first = tokens.FindAsync("token", gaveUp.Token);
        await gaveUp.CancelAsync();
        await Should.ThrowAsync<OperationCanceledException>(() => first);

        var second = tokens.FindAsync("token", CancellationToken.None);
        asked.Count.ShouldBe(1, "the review that was begun is the one that both wait for");
        asked[0].SetResult(User("pod-1"));
        (await second).ShouldBe(new BoundPod("shop", new HolderPod("pod-1", "uid-pod-1")));
        (await tokens.FindAsync("token", CancellationToken.None)).ShouldNotBeNull();
        asked.Count.ShouldBe(1);
    }

    [Fact]
    public async Task An_answer_holds_for_a_minute_and_for_its_own_token()
    {
        var one = tokens.FindAsync("one", CancellationToken.None);
        var other = tokens.FindAsync("other", CancellationToken.None);
        asked[0].SetResult(User("pod-1"));
        asked[1].SetResult(User("pod-2"));
        (await one)!.Pod.Name.ShouldBe("pod-1");
        (await other)!.Pod.Name.ShouldBe("pod-2");

        time.Advance(TimeSpan.FromSeconds(59));
        (await tokens.FindAsync("one", CancellationToken.None))!.Pod.Name.ShouldBe("pod-1");
        time.Advance(TimeSpan.FromSeconds(2));
        var again = tokens.FindAsync("one", CancellationToken.None);
        asked.Count.ShouldBe(3);
        asked[2].SetResult(null);
        (await again).ShouldBeNull();
    }

    [Fact]
    public async Task A_refusal_and_a_failure_are_asked_again()
    {
        var refused = tokens.FindAsync("token", CancellationToken.None);
        asked[0].SetResult(null);
        (await refused).ShouldBeNull();
        var failed = tokens.FindAsync("token", CancellationToken.None);
        asked[1].SetException(new HttpRequestException("broken"));
        await Should.ThrowAsync<HttpRequestException>(() => failed);
        var good = tokens.FindAsync("token", CancellationToken.None);
        asked[2].SetResult(User("pod-1"));
        (await good).ShouldNotBeNull();
    }

    [Fact]
    public async Task A_token_without_a_pod_is_nobodys()
    {
        var user = User("pod-1");
        user["extra"]!.AsObject().Remove("authentication.kubernetes.io/pod-uid");
        var found = tokens.FindAsync("token", CancellationToken.None);
        asked[0].SetResult(user);
        (await found).ShouldBeNull();
    }

    private static JsonObject User(string pod) =>
        new()
        {
            ["username"] = "system:serviceaccount:shop:default",
            ["extra"] = new JsonObject
            {
                ["authentication.kubernetes.io/pod-name"] = new JsonArray(pod),
                ["authentication.kubernetes.io/pod-uid"] = new JsonArray($"uid-{pod}"),
            },
        };
}
