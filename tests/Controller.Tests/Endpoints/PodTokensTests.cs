using AgentReadiness.Controller.Endpoints;
using AgentReadiness.Controller.Ledgers;
using CsCheck;
using Microsoft.Extensions.Time.Testing;

namespace AgentReadiness.Controller.Tests;

/// <summary>Whose token it is, where the API server takes longer than those who ask can wait.</summary>
public sealed class PodTokensTests : IDisposable
{
    private const string Audience = "grants";

    private readonly FakeTimeProvider time = new();
    private readonly List<TaskCompletionSource<JsonObject?>> asked = [];
    private readonly ReviewGates gates = new();
    private readonly HashSet<string> known = ["uid-one", "uid-other", "uid-token"];
    private readonly PodTokens tokens;

    public PodTokensTests()
    {
        tokens = new PodTokens(
            Audience,
            (_, cancellation) =>
            {
                var review = new TaskCompletionSource<JsonObject?>(TaskCreationOptions.RunContinuationsAsynchronously);
                cancellation.Register(() => review.TrySetCanceled(cancellation));
                lock (asked)
                    asked.Add(review);
                return review.Task;
            },
            claims => known.Contains(claims.PodUid!),
            gates,
            time
        );
    }

    public void Dispose() => gates.Dispose();

    [Fact]
    public async Task Who_gave_up_finds_the_answer_with_the_next_try()
    {
        using var gaveUp = new CancellationTokenSource();
        var first = tokens.FindAsync(Token("token"), null, gaveUp.Token);
        await gaveUp.CancelAsync();
        await Should.ThrowAsync<OperationCanceledException>(() => first);

        var second = tokens.FindAsync(Token("token"), null, CancellationToken.None);
        asked.Count.ShouldBe(1, "the review that was begun is the one that both wait for");
        asked[0].SetResult(User("pod-1"));
        (await second).ShouldBe(new BoundPod("shop", new HolderPod("pod-1", "uid-pod-1")));
        (await tokens.FindAsync(Token("token"), null, CancellationToken.None)).ShouldNotBeNull();
        asked.Count.ShouldBe(1);
    }

    [Fact]
    public async Task An_answer_holds_for_a_minute_and_for_its_own_token()
    {
        var one = tokens.FindAsync(Token("one"), null, CancellationToken.None);
        var other = tokens.FindAsync(Token("other"), null, CancellationToken.None);
        asked[0].SetResult(User("pod-1"));
        asked[1].SetResult(User("pod-2"));
        (await one)!.Pod.Name.ShouldBe("pod-1");
        (await other)!.Pod.Name.ShouldBe("pod-2");

        time.Advance(TimeSpan.FromSeconds(59));
        (await tokens.FindAsync(Token("one"), null, CancellationToken.None))!.Pod.Name.ShouldBe("pod-1");
        time.Advance(TimeSpan.FromSeconds(2));
        var again = tokens.FindAsync(Token("one"), null, CancellationToken.None);
        asked.Count.ShouldBe(3);
        asked[2].SetResult(null);
        (await again).ShouldBeNull();
    }

    [Fact]
    public async Task A_refusal_and_a_failure_are_asked_again()
    {
        var refused = tokens.FindAsync(Token("token"), null, CancellationToken.None);
        asked[0].SetResult(null);
        (await refused).ShouldBeNull();
        (await tokens.FindAsync(Token("token"), null, CancellationToken.None)).ShouldBeNull();
        asked.Count.ShouldBe(1, "a refusal holds for ten seconds");
        time.Advance(TimeSpan.FromSeconds(11));
        var failed = tokens.FindAsync(Token("token"), null, CancellationToken.None);
        asked[1].SetException(new HttpRequestException("broken"));
        await Should.ThrowAsync<HttpRequestException>(() => failed);
        var good = tokens.FindAsync(Token("token"), null, CancellationToken.None);
        asked[2].SetResult(User("pod-1"));
        (await good).ShouldNotBeNull();
    }

    [Fact]
    public async Task A_token_without_a_pod_is_nobodys()
    {
        var user = User("pod-1");
        user["extra"]!.AsObject().Remove("authentication.kubernetes.io/pod-uid");
        var found = tokens.FindAsync(Token("token"), null, CancellationToken.None);
        asked[0].SetResult(user);
        (await found).ShouldBeNull();
    }

    [Theory]
    [InlineData("")]
    [InlineData("a.b")]
    [InlineData("a.b.c")]
    [InlineData("a.!!!.c")]
    [InlineData("..")]
    public async Task What_is_no_token_is_asked_of_nobody(string token)
    {
        (await tokens.FindAsync(token, null, CancellationToken.None)).ShouldBeNull();
        asked.ShouldBeEmpty();
    }

    /// <summary>Whatever a token says of itself, only one that the API server could take for ours is shown to it.</summary>
    [Fact]
    public void Nothing_is_read_out_of_what_is_no_token_of_ours()
    {
        var now = time.GetUtcNow();
        string[] values = ["null", "1", "2000000000", "-1", "\"grants\"", "\"x\"", "[]", "[\"grants\"]", "[1,\"grants\"]", "{}", "true"];
        var value = Gen.Int[0, values.Length - 1].Select(i => values[i]);
        Gen.Select(value, value, value, value, value)
            .Sample(
                (aud, exp, sub, pod, uid) =>
                {
                    var payload =
                        $"{{\"aud\":{aud},\"exp\":{exp},\"sub\":{sub},\"kubernetes.io\":{{\"namespace\":\"n\","
                        + $"\"pod\":{{\"name\":{pod},\"uid\":{uid}}}}}}}";
                    var claims = TokenClaims.Read(Token(payload: payload), Audience, now);
                    var isOurs = aud.Contains("grants", StringComparison.Ordinal) && exp == "2000000000" && sub[0] == '"';
                    (claims is not null && !isOurs).ShouldBeFalse(payload);
                    if (claims?.PodUid is not null)
                        (pod[0], uid[0]).ShouldBe(('"', '"'));
                },
                iter: 5_000
            );
    }

    [Fact]
    public async Task Strangers_take_the_place_of_no_pod_that_is_known()
    {
        // A thousand tokens of pods that nobody has seen, each another one, and none is answered.
        var strangers = Enumerable
            .Range(0, 1000)
            .Select(i => tokens.FindAsync(Token($"stranger{i}"), null, CancellationToken.None))
            .ToList();
        asked.Count.ShouldBeLessThanOrEqualTo(4);
        strangers.Count(one => one.IsCompleted).ShouldBeGreaterThan(900, "whoever finds the queue full is refused at once");
        var before = asked.Count;
        var good = tokens.FindAsync(Token("one"), null, CancellationToken.None);
        asked.Count.ShouldBe(before + 1);
        asked[^1].SetResult(User("one"));
        (await good)!.Pod.Name.ShouldBe("one");
    }

    [Fact]
    public async Task A_pod_whose_tokens_are_refused_waits_and_no_other_does()
    {
        // The same pod, each time with another signature: somebody has read its UID.
        for (var i = 0; i < 20; i++)
        {
            var bad = tokens.FindAsync(Token("one", signature: $"c{i}"), null, CancellationToken.None);
            if (!bad.IsCompleted)
                asked[^1].SetResult(null);
            (await bad).ShouldBeNull();
        }
        asked.Count.ShouldBeLessThan(6);
        var other = tokens.FindAsync(Token("other"), null, CancellationToken.None);
        asked[^1].SetResult(User("other"));
        (await other).ShouldNotBeNull();
    }

    private static string Token(string pod = "", string? payload = null, string signature = "c")
    {
        payload ??=
            "{\"aud\":[\"grants\"],\"exp\":2000000000,\"sub\":\"system:serviceaccount:shop:default\",\"kubernetes.io\":"
            + $"{{\"namespace\":\"shop\",\"pod\":{{\"name\":\"{pod}\",\"uid\":\"uid-{pod}\"}}}}}}";
        return $"e30.{System.Buffers.Text.Base64Url.EncodeToString(Encoding.UTF8.GetBytes(payload))}.{signature}";
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
