using CsCheck;
using Xunit;
using Xunit.Abstractions;
namespace AgentReadiness.Controller.Tests;
public sealed class ScratchTests(ITestOutputHelper output)
{
    [Fact]
    public void Scratch()
    {
        var gen = Gen.Select(Gen.Int[0, BudgetModel.Actions - 1], Gen.Int[0, 11], Gen.Int[0, 999], Gen.Int[1, 300]).List[20, 120];
        List<(int, int, int, int)>? best = null;
        string? why = null;
        bool Fails(List<(int, int, int, int)> h)
        {
            var m = new BudgetModel(Guard.None);
            try { foreach (var (a, b, c, d) in h) m.Step(a, b, c, d); return false; }
            catch (BrokenPromiseException e) { why = e.Message; return true; }
            catch (Exception e) { why = e.ToString(); return true; }
        }
        var rnd = new Random(7);
        for (var i = 0; i < 20000 && best is null; i++)
        {
            var h = Enumerable.Range(0, rnd.Next(20, 300)).Select(_ => (rnd.Next(BudgetModel.Actions), rnd.Next(12), rnd.Next(1000), rnd.Next(1, 300))).ToList();
            if (Fails(h)) best = h;
        }
        if (best is null) { output.WriteLine("none"); return; }
        for (var changed = true; changed;)
        {
            changed = false;
            for (var i = best.Count - 1; i >= 0; i--)
            {
                var less = best.ToList();
                less.RemoveAt(i);
                if (Fails(less)) { best = less; changed = true; }
            }
        }
        Fails(best);
        output.WriteLine(why);
        var model = new BudgetModel(Guard.None);
        foreach (var (a, b, c, d) in best)
        {
            string? err = null;
            try { model.Step(a, b, c, d); } catch (Exception e) { err = e.Message; }
            output.WriteLine($"-- action {a} who {b} which {c} cents {d} {err}");
            output.WriteLine(model.Describe());
        }
    }
}
