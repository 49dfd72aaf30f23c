use std::collections::HashMap;
use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::process::Command;
use std::sync::{mpsc, Arc, Condvar, Mutex};
use std::{fs, thread, time};

fn serve() -> usize {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let server = thread::spawn(move || {
        for _ in 0..8 {
            let (mut s, _) = listener.accept().unwrap();
            let mut text = String::new();
            s.read_to_string(&mut text).unwrap();
            s.write_all(text.to_uppercase().as_bytes()).unwrap();
        }
    });
    let (tx, rx) = mpsc::channel();
    for i in 0..8 {
        let tx = tx.clone();
        thread::spawn(move || {
            let mut s = TcpStream::connect(address).unwrap();
            write!(s, "hello {}", i).unwrap();
            s.shutdown(Shutdown::Write).unwrap();
            let mut text = String::new();
            s.read_to_string(&mut text).unwrap();
            tx.send(text.len()).unwrap();
        });
    }
    drop(tx);
    server.join().unwrap();
    rx.iter().sum()
}

fn main() {
    println!("{}", serve());
    fs::create_dir("/tmp/d").unwrap();
    fs::write("/tmp/d/a", "text").unwrap();
    fs::rename("/tmp/d/a", "/tmp/d/b").unwrap();
    fs::copy("/tmp/d/b", "/tmp/d/c").unwrap();
    println!("{} {}", fs::read_dir("/tmp/d").unwrap().count(), fs::metadata("/tmp/d/c").unwrap().len());
    fs::remove_dir_all("/tmp/d").unwrap();
    let out = Command::new("echo").arg("child").output().unwrap();
    print!("{}", String::from_utf8(out.stdout).unwrap());
    let pair = Arc::new((Mutex::new(false), Condvar::new()));
    let other = pair.clone();
    let t = thread::spawn(move || {
        thread::sleep(time::Duration::from_millis(20));
        *other.0.lock().unwrap() = true;
        other.1.notify_all();
    });
    let mut done = pair.0.lock().unwrap();
    while !*done {
        done = pair.1.wait(done).unwrap();
    }
    t.join().unwrap();
    let words: HashMap<usize, String> = (0..1000).map(|i| (i, i.to_string())).collect();
    println!("{}", words.len());
}
