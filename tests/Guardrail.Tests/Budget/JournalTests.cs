using AgentReadiness.Contracts;
using AgentReadiness.Contracts.Grants;
using AgentReadiness.Guardrail.Budget;
using CsCheck;
using Microsoft.Extensions.Logging;

namespace AgentReadiness.Guardrail.Tests;

public sealed class JournalTests : IDisposable
{
    private const string Holder = "0123456789abcdef0123456789abcdef";
    private static readonly DateTimeOffset Now = new(2026, 11, 24, 12, 0, 0, TimeSpan.Zero);
    private readonly string folder = Directory.CreateTempSubdirectory("journal").FullName;
    private readonly Lines log = new();

    private string FilePath => Path.Combine(folder, Journal.FileName);

    public void Dispose() => Directory.Delete(folder, recursive: true);

    [Fact]
    public void What_is_held_is_there_after_the_process()
    {
        using var journal = Open();
        var account = Funded(journal, 10);
        account.Settle(account.TryReserve(new Amount(new Money(4), 400), Now)!, new Amount(new Money(1.25m), 70), Now);
        account.MarkUnproven(account.TryReserve(new Amount(new Money(2), 30), Now)!, Now);
        account.TryReserve(new Amount(new Money(3), 5), Now).ShouldNotBeNull();

        var record = After(Bytes()).ShouldHaveSingleItem();

        (record.Holder, record.Window, record.Settled, record.Unproven, record.Reserved).ShouldBe(
            (Holder, "w-1", new Amount(new Money(1.25m), 70), new Amount(new Money(2), 30), new Amount(new Money(3), 5))
        );
        var closing = record.Closing();
        (closing.Closing, closing.Settled, closing.Unproven, closing.Reserved).ShouldBe(
            (true, record.Settled, new Amount(new Money(5), 35), Amount.Zero)
        );
    }

    [Fact]
    public void A_holder_is_written_down_before_its_first_message_and_forgotten_once_it_is_closed()
    {
        using var journal = Open();
        var account = new GrantAccount(Holder, journal);
        After(Bytes()).ShouldBeEmpty();
        account.Want(new Money(1));
        After(Bytes()).ShouldHaveSingleItem().Window.ShouldBeNull();
        account.Close(Now);
        account.Apply(account.Due(Now, default, default)!, Answer(0), Now);
        After(Bytes()).ShouldBeEmpty();
    }

    [Fact]
    public void A_write_that_is_cut_anywhere_leaves_what_stood_before_it()
    {
        using var journal = Open();
        var account = Funded(journal, 10);
        account.TryReserve(new Money(1), Now);
        var before = Bytes();
        account.TryReserve(new Money(2), Now);
        var after = Bytes();
        var first = Enumerable.Range(0, before.Length).First(i => before[i] != after[i]) / JournalSlot.Size * JournalSlot.Size;
        for (var written = 0; written <= JournalSlot.Size - JournalSlot.ChecksumSize; written++)
        {
            var torn = before.ToArray();
            torn.AsSpan(first, JournalSlot.ChecksumSize).Clear();
            after.AsSpan(first + JournalSlot.ChecksumSize, written).CopyTo(torn.AsSpan(first + JournalSlot.ChecksumSize));
            After(torn).ShouldHaveSingleItem().Reserved.ShouldBe(new Money(1), $"cut after {written} bytes");
        }
        After(after).ShouldHaveSingleItem().Reserved.ShouldBe(new Money(3));
    }

    [Fact]
    public void A_changed_byte_is_never_believed()
    {
        using var journal = Open();
        var account = Funded(journal, 10);
        account.TryReserve(new Money(1), Now);
        account.TryReserve(new Money(2), Now);
        var whole = Bytes();
        Gen.Select(Gen.Int[0, Journal.CellSize - 1], Gen.Int[1, 255])
            .Sample(
                change =>
                {
                    var broken = whole.ToArray();
                    broken[Journal.CellsAt + change.Item1] ^= (byte)change.Item2;
                    After(broken).ShouldBeEmpty();
                },
                iter: 200
            );
        log.All.ShouldContain(line => line.Contains("BrokenCell", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("WrongVersion")]
    [InlineData("WrongSize")]
    public void A_file_of_another_kind_is_told_and_replaced(string reason)
    {
        byte[] bytes;
        using (var journal = Open())
        {
            Funded(journal, 10);
            bytes = Bytes();
        }
        if (reason == "WrongSize")
            bytes = bytes[..^100];
        else
            bytes[45] = (byte)'2';
        File.WriteAllBytes(FilePath, bytes);
        using var again = Open();
        again.Orphaned.ShouldBeEmpty();
        log.All.ShouldContain(line => line.Contains($"journal not used: {reason}", StringComparison.Ordinal));
        Funded(again, 5);
        After(Bytes()).ShouldHaveSingleItem();
    }

    [Fact]
    public void Without_its_folder_there_is_none()
    {
        Journal.Open(Path.Combine(folder, "absent"), Logger()).ShouldBeNull();
        log.All.ShouldContain(line => line.Contains("Unavailable", StringComparison.Ordinal));
    }

    [Fact]
    public void A_second_crash_keeps_what_the_first_one_left()
    {
        using (var journal = Open())
            Funded(journal, 10).TryReserve(new Money(1), Now);
        using var second = Open();
        second.Orphaned.Count.ShouldBe(1);
        Funded(second, 10, "second0123456789").TryReserve(new Money(2), Now);
        After(Bytes()).Select(record => record.Reserved.Cost.Amount).ShouldBe([1m, 2m], ignoreOrder: true);
    }

    [Fact]
    public async Task Many_threads_reserve_and_the_journal_has_them_all()
    {
        using var journal = Open();
        var account = Funded(journal, 1000);
        await Task.WhenAll(
            Enumerable
                .Range(0, 8)
                .Select(_ =>
                    Task.Run(() =>
                    {
                        for (var i = 0; i < 500; i++)
                        {
                            var call = account.TryReserve(new Money(0.1m), Now)!;
                            if (i % 2 == 0)
                                account.Settle(call, new Money(0.05m), Now);
                        }
                    })
                )
        );
        var record = After(Bytes()).ShouldHaveSingleItem();
        (record.Settled, record.Reserved).ShouldBe((new Money(100), new Money(200)));
    }

    /// <summary>
    /// Whatever happens, and whenever the process dies: what the journal closes with is not less than what was spent or may be.
    /// </summary>
    [Fact]
    public void A_crash_at_any_point_gives_nothing_back_that_may_have_been_spent()
    {
        using var journal = Open();
        Gen.Select(Gen.Int[0, 5], Gen.Int[1, 300], Gen.Int[0, 30])
            .Array[1, 40]
            .Sample(
                steps =>
                {
                    var account = Funded(journal, 20);
                    var open = new List<Reservation>();
                    Amount spent = default;
                    foreach (var (kind, cents, index) in steps)
                    {
                        Amount money = new Money(cents / 100m);
                        if (kind <= 1 && account.TryReserve(money, Now) is { } call)
                        {
                            open.Add(call);
                        }
                        else if (kind is 2 or 3 && open.Count > 0)
                        {
                            var ended = open[index % open.Count];
                            open.Remove(ended);
                            var cost = kind == 2 ? Amount.Min(money, ended.Amount) : ended.Amount;
                            spent += cost;
                            if (kind == 2)
                                account.Settle(ended, cost, Now);
                            else
                                account.MarkUnproven(ended, Now);
                        }
                        else if (kind == 4)
                        {
                            account.ReturnFree(Now);
                        }
                        else if (kind == 5)
                        {
                            account.Apply(account.Want(money), Answer(20 + cents), Now);
                        }
                        var closing = After(Bytes()).ShouldHaveSingleItem().Closing();
                        (closing.Settled + closing.Unproven).ShouldBe(spent + Amount.Sum(open.Select(one => one.Amount)));
                        (closing.Settled + closing.Unproven + closing.Returned).FitsIn(account.Totals.Granted).ShouldBeTrue();
                    }
                    account.Close(Now);
                    account.Apply(account.Due(Now, default, default)!, Answer(0), Now);
                },
                iter: 50,
                threads: 1
            );
    }

    private Journal Open() => Journal.Open(folder, Logger()).ShouldNotBeNull();

    private ILogger Logger() => log;

    private byte[] Bytes()
    {
        using var stream = new FileStream(FilePath, FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
        var bytes = new byte[stream.Length];
        stream.ReadExactly(bytes);
        return bytes;
    }

    // What a process finds that starts on these bytes.
    private List<JournalRecord> After(byte[] bytes)
    {
        var other = Directory.CreateTempSubdirectory("after");
        try
        {
            File.WriteAllBytes(Path.Combine(other.FullName, Journal.FileName), bytes);
            using var journal = Journal.Open(other.FullName, log)!;
            return [.. journal.Orphaned.Select(orphaned => orphaned.Record)];
        }
        finally
        {
            other.Delete(recursive: true);
        }
    }

    private static GrantAccount Funded(Journal journal, decimal granted, string holder = Holder)
    {
        var account = new GrantAccount(holder, journal);
        var want = account.Want(new Money(granted));
        account.Apply(want, Answer(granted), Now);
        return account;
    }

    private static GrantResponse Answer(decimal granted) =>
        new()
        {
            Outcome = GrantOutcome.Granted,
            Window = "w-1",
            WindowEnds = Now.AddHours(1),
            Granted = new Amount(new Money(granted), 1000),
        };
}
