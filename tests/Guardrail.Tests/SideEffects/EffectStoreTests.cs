using AgentReadiness.Guardrail.SideEffects;
using CsCheck;
using Microsoft.Extensions.Time.Testing;

namespace AgentReadiness.Guardrail.Tests.SideEffects;

/// <summary>A key is sent once in its window, whatever happens to the process.</summary>
public sealed class EffectStoreTests : IDisposable
{
    private static readonly TimeSpan Window = TimeSpan.FromHours(1);
    private static readonly EffectResult Sent = new(200, "application/json", "{\"ok\":1}"u8.ToArray());
    private readonly string folder = Directory.CreateTempSubdirectory("effects").FullName;
    private readonly FakeTimeProvider time = new(new DateTimeOffset(2026, 11, 30, 12, 0, 0, TimeSpan.Zero));
    private readonly List<string> faults = [];

    public void Dispose() => Directory.Delete(folder, recursive: true);

    [Fact]
    public void What_was_done_is_answered_again_also_by_a_later_process()
    {
        using (var store = Open())
        {
            store.Claim(Key("a"), Window).New!.Did(Sent);
            store.Claim(Key("a"), Window).Done!.Body.ShouldBe(Sent.Body);
        }
        using var later = Open();
        later.Claim(Key("a"), Window).Done.ShouldNotBeNull().Body.ShouldBe(Sent.Body);
        time.Advance(Window);
        later.Claim(Key("a"), Window).New.ShouldNotBeNull("its window is over");
    }

    [Fact]
    public void What_was_under_way_when_the_process_died_is_unknown()
    {
        using (var store = Open())
            store.Claim(Key("a"), Window).New!.Send(() => true);
        using var later = Open();
        later.Claim(Key("a"), Window).Refusal.ShouldBe(EffectRefusal.Unknown);
    }

    [Fact]
    public async Task The_same_call_waits_for_the_first_one()
    {
        using var store = Open();
        var first = store.Claim(Key("a"), Window).New!;
        var waiting = store.Claim(Key("a"), Window).UnderWay.ShouldNotBeNull();
        waiting.IsCompleted.ShouldBeFalse();
        first.DidNot();
        await waiting;
        var second = store.Claim(Key("a"), Window).New.ShouldNotBeNull();
        second.Lose();
        second.Did(Sent);
        store.Claim(Key("a"), Window).Refusal.ShouldBe(EffectRefusal.Unknown, "how it ended is said once");
    }

    [Fact]
    public void A_call_that_nobody_ended_was_not_done_where_nothing_has_left()
    {
        using var store = Open();
        store.Claim(Key("a"), Window).New!.Dispose();
        var effect = store.Claim(Key("a"), Window).New.ShouldNotBeNull();
        effect.Send(() => false);
        effect.Dispose();
        effect = store.Claim(Key("a"), Window).New.ShouldNotBeNull();
        effect.Send(() => true);
        effect.Dispose();
        store.Claim(Key("a"), Window).Refusal.ShouldBe(EffectRefusal.Unknown);
    }

    [Fact]
    public void A_key_is_for_one_call()
    {
        using var store = Open();
        store.Claim(EffectKey.Own("mail", "send", "k", "1"u8.ToArray()), Window).New!.Did(Sent);
        store.Claim(EffectKey.Own("mail", "send", "k", "2"u8.ToArray()), Window).Refusal.ShouldBe(EffectRefusal.KeyReused);
        store.Claim(EffectKey.Own("mail", "other", "k", "2"u8.ToArray()), Window).New.ShouldNotBeNull();
        store.Claim(EffectKey.Own("post", "send", "k", "2"u8.ToArray()), Window).New.ShouldNotBeNull();
    }

    [Fact]
    public void Nothing_is_sent_that_cannot_be_written()
    {
        using var none = new EffectStore(null, [], time, faults.Add);
        none.Claim(Key("a"), Window).Refusal.ShouldBe(EffectRefusal.NotWritten);

        var store = Open();
        store.Claim(Key("b"), Window).New!.Did(Sent);
        store.Dispose();
        Should.Throw<ObjectDisposedException>(() => store.Claim(Key("c"), Window));
    }

    [Fact]
    public void Answers_give_way_to_keys_and_keys_to_nothing()
    {
        using (var store = Open())
        {
            var body = new byte[EffectResult.LongestBody];
            for (var i = 0; i < 60; i++)
            {
                time.Advance(TimeSpan.FromSeconds(1));
                store.Claim(Key($"a{i}"), Window).New!.Did(Sent with { Body = body });
            }
            store.Claim(Key("a0"), Window).Done!.Body.ShouldBeNull("the oldest answer is no longer kept, the key is");
            store.Claim(Key("a59"), Window).Done!.Body.ShouldNotBeNull();

            var taken = 60;
            EffectClaim claim;
            while ((claim = store.Claim(Key($"b{taken}"), Window)).New is { } effect)
            {
                effect.Did(new EffectResult(204, "", []));
                taken++;
            }
            claim.Refusal.ShouldBe(EffectRefusal.Full);
            taken.ShouldBeGreaterThan(20_000);
            store.Count.ShouldBe(taken);
            new FileInfo(Path.Combine(folder, EffectFile.FileName)).Length.ShouldBeLessThan(5 * 1024 * 1024);
        }
        using (var later = Open())
        {
            later.Claim(Key("a0"), Window).Done.ShouldNotBeNull();
            later.Claim(Key("b99"), Window).Done.ShouldNotBeNull();
            later.Claim(Key("new"), Window).Refusal.ShouldBe(EffectRefusal.Full);
            time.Advance(Window);
            later.Claim(Key("new"), Window).New.ShouldNotBeNull();
        }
        faults.ShouldBeEmpty();
    }

    [Fact]
    public void A_record_that_was_cut_short_hides_none_before_it()
    {
        var path = Path.Combine(folder, EffectFile.FileName);
        using (var store = Open())
        {
            store.Claim(Key("a"), Window).New!.Did(Sent);
            store.Claim(Key("b"), Window).New!.Did(Sent);
        }
        var whole = File.ReadAllBytes(path);
        for (var length = whole.Length - 1; length > whole.Length - 200; length--)
        {
            File.WriteAllBytes(path, whole[..length]);
            using var store = Open();
            store.Claim(Key("a"), Window).Done.ShouldNotBeNull();
            var b = store.Claim(Key("b"), Window);
            // Without its last record it was sent, and without both it was never claimed: the process had not gone on to send it.
            (b.Refusal == EffectRefusal.Unknown || b.New is not null).ShouldBeTrue();
            b.New?.Did(Sent);
        }
    }

    [Fact]
    public void A_process_that_died_at_its_first_write_locks_nothing()
    {
        var path = Path.Combine(folder, EffectFile.FileName);
        Open().Dispose();
        var header = File.ReadAllBytes(path);
        for (var length = 0; length <= header.Length; length++)
        {
            File.WriteAllBytes(path, header[..length]);
            using (var store = Open())
                store.Claim(Key("a"), Window).New!.Did(Sent);
            using var later = Open();
            later.Claim(Key("a"), Window).Done.ShouldNotBeNull();
        }
        File.WriteAllText(path, "something else");
        Should.Throw<IOException>(Open);
    }

    [Fact]
    public void No_bytes_are_taken_for_a_record_that_was_not_written() =>
        Gen.Select(Gen.Byte.Array[0, 400], Gen.Int[0, 200], Gen.Byte)
            .Sample(
                (noise, at, change) =>
                {
                    if (EffectFormat.Read(noise, out _) is not null)
                        return false;
                    var record = new EffectRecord(new('a', 64), new('b', 64), EffectState.Done, time.GetUtcNow(), Sent);
                    var bytes = EffectFormat.Write(record);
                    var read = EffectFormat.Read(bytes, out var size)!;
                    if (
                        size != bytes.Length
                        || read.Id != record.Id
                        || read.At != record.At
                        || !read.Result!.Body!.SequenceEqual(Sent.Body!)
                    )
                        return false;
                    if (at >= bytes.Length || bytes[at] == change)
                        return true;
                    bytes[at] = change;
                    return EffectFormat.Read(bytes, out _) is null;
                }
            );

    // The tool counts what arrives. A process may die at any moment; what had left by then may have arrived.
    [Fact]
    public void No_history_sends_a_key_twice() =>
        Gen.Select(Gen.Int[0, 2], Gen.Int[0, 5])
            .Array[1, 60]
            .Sample(
                steps =>
                {
                    var path = Directory.CreateTempSubdirectory("effects-model").FullName;
                    var clock = new FakeTimeProvider(new DateTimeOffset(2026, 11, 30, 12, 0, 0, TimeSpan.Zero));
                    var arrived = new Dictionary<string, List<DateTimeOffset>>();
                    var under = new Dictionary<string, Effect>();
                    var store = Open(path, clock);
                    foreach (var (which, what) in steps)
                    {
                        var key = Key($"k{which}");
                        switch (what)
                        {
                            case 0:
                            case 1:
                                if (store.Claim(key, Window).New is { } claimed)
                                {
                                    var left = what == 0;
                                    claimed.Send(() => left);
                                    if (left)
                                    {
                                        var times = arrived.TryGetValue(key.Id, out var seen) ? seen : arrived[key.Id] = [];
                                        times.Add(clock.GetUtcNow());
                                    }
                                    under[key.Id] = claimed;
                                }
                                break;
                            case 2 when under.Remove(key.Id, out var done):
                                if (done.HasLeft)
                                    done.Did(Sent);
                                else
                                    done.DidNot();
                                break;
                            case 3 when under.Remove(key.Id, out var lost):
                                lost.Dispose();
                                break;
                            case 4:
                                store.Dispose();
                                under.Clear();
                                store = Open(path, clock);
                                break;
                            case 5:
                                clock.Advance(TimeSpan.FromMinutes(25));
                                break;
                        }
                    }
                    store.Dispose();
                    Directory.Delete(path, recursive: true);
                    return arrived.Values.All(times => times.Zip(times.Skip(1)).All(pair => pair.Second - pair.First >= Window));
                },
                iter: 2000
            );

    private static EffectKey Key(string name) => EffectKey.Own("mail", "send_email", name, []);

    private EffectStore Open() => Open(folder, time);

    private EffectStore Open(string path, TimeProvider clock)
    {
        var file = EffectFile.Open(path, out var records, out _);
        return new EffectStore(file, records, clock, faults.Add);
    }
}
