package fastargon2
import ("testing";"golang.org/x/crypto/argon2";"time";"sort";"fmt")
func TestQuick(t *testing.T){
 a:=New(Config{Dropped: func(k Kernel){t.Error("dropped",k)}})
 b:=New(Config{Fastest:AVX2, Dropped: func(k Kernel){t.Error("dropped",k)}})
 if (kernel{Go,blockGo}).right()==false {t.Error("go wrong")}
 t.Log(a.Kernel(), b.Kernel())
 var r [4][]float64
 for range 15 { for i,f:=range []func(){
  func(){argon2.IDKey([]byte("password"),[]byte("saltsaltsaltsalt"),2,19456,1,32)},
  func(){a.Key(VariantID,0x13,[]byte("password"),[]byte("saltsaltsaltsalt"),2,19456,1,32)},
  func(){b.Key(VariantID,0x13,[]byte("password"),[]byte("saltsaltsaltsalt"),2,19456,1,32)},
  func(){a.Key(VariantD,0x13,[]byte("password"),[]byte("saltsaltsaltsalt"),2,19456,1,32)},
 } { s:=time.Now(); f(); r[i]=append(r[i],time.Since(s).Seconds()*1000)}}
 for i:=range r {sort.Float64s(r[i])}
 fmt.Printf("%.2f %.2f %.2f %.2f ms; %.3f %.3f\n", r[0][7],r[1][7],r[2][7],r[3][7],r[1][7]/r[0][7],r[2][7]/r[0][7])
}
